"""What citizens' reports need beside the case: categories, words that lead elsewhere, sendings."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from toancanh.domains.reports.importing.models import ImportedRow, ReportImport, ReportMapping
from toancanh.domains.reports.learning.models import Learned, Trust
from toancanh.domains.reports.public.models import Disclosure
from toancanh.domains.reports.routing.models import Routed, Rule
from toancanh.domains.reports.triage.models import Answer, Report
from toancanh.kernel.cases.models import Case, Party

__all__ = [
    "Admission",
    "Answer",
    "Category",
    "Disclosure",
    "Elsewhere",
    "ImportedRow",
    "Learned",
    "Marker",
    "PhoneCode",
    "Report",
    "ReportImport",
    "ReportMapping",
    "Routed",
    "Rule",
    "Sending",
    "Trust",
    "Who",
]


class Category(models.Model):
    """What a report is about, for as long as it is called and counted so: [valid_from, valid_to)."""

    code = models.CharField(max_length=60)
    """As `Case.category` has it; the same code through all versions."""
    parent = models.CharField(max_length=60, blank=True)
    """Code of the one above; groups have none and are not chosen themselves."""
    title_vi = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120)
    icon = models.CharField(max_length=40, blank=True)
    keywords = models.JSONField(default=list)
    """Words and phrases by which it is proposed, as people write them."""
    days = models.PositiveSmallIntegerField(null=True)
    """Working days for the answer; null: as the kind of work says."""
    near_m = models.PositiveIntegerField(default=100)
    """Metres within which another report of it is likely to be about the same thing."""
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    """Whether it can be chosen for new reports."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["code", "valid_from"], name="report_category_from"),)

    def __str__(self) -> str:
        return self.title_vi


class Elsewhere(models.TextChoices):
    """What the law takes in at another door than this one."""

    COMPLAINT = "complaint"
    """Khiếu nại."""
    DENUNCIATION = "denunciation"
    """Tố cáo."""
    SECRET = "secret"
    """Bí mật nhà nước."""


class Marker(models.Model):
    """Words by which something is recognised that is not taken in here, while a law says so."""

    kind = models.CharField(max_length=12, choices=Elsewhere.choices)
    phrase = models.CharField(max_length=120)
    is_certain = models.BooleanField(default=False)
    """False: the sender may say that he means it otherwise."""
    is_plain = models.BooleanField(default=False)
    """Also meant where it is typed without tone marks: so typed it says nothing else."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    basis = models.CharField(max_length=300)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kind", "phrase", "valid_from"], name="report_marker_once"),
        )

    def __str__(self) -> str:
        return self.phrase


class Who(models.TextChoices):
    """Who may send a report."""

    ANYONE = "anyone"
    PHONE = "phone"
    """Who shows by a code that a telephone number is his."""
    ACCOUNT = "account"


class Admission(models.Model):
    """Who may send reports from a moment on, and where else people are led to. Rows are only added."""

    since = models.DateTimeField(db_index=True)
    who = models.CharField(max_length=8, choices=Who.choices)
    office = models.CharField(max_length=500, blank=True)
    """Where complaints and denunciations are taken in here: address, telephone, hours."""
    reason = models.CharField(max_length=300)
    set_by = models.CharField(max_length=200)


class Sending(models.Model):
    """One sending of a form: however often it arrives, it is answered with the same link."""

    digest = models.CharField(max_length=64, unique=True)
    """Of the key made with the form, which only its phone knows."""
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    party = models.ForeignKey(Party, null=True, on_delete=models.SET_NULL, related_name="+")
    sealed = models.TextField()
    """The secret of the link, for the sender who asks again because no answer reached him; empty once the
    contact data of the party was erased."""
    at = models.DateTimeField(db_index=True)
    client = models.CharField(max_length=100, blank=True)
    """Name of the key of the program that brought it; empty for the citizen's own form."""

    class Meta:
        indexes = (models.Index(fields=["client", "case"], name="sending_client", condition=~Q(client="")),)


class PhoneCode(models.Model):
    """A code sent to a telephone, which shows that who types it holds that number."""

    contact = models.CharField(max_length=64, db_index=True)
    """Keyed hash of the number."""
    digest = models.CharField(max_length=64)
    """Keyed hash of the code."""
    at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
