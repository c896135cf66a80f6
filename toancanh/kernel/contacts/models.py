"""Neighbourhoods, the people who answer for them and for communes, and what each was told and confirmed.

Numbers and addresses lie encrypted beside a person's row, so that they can be erased without a trace of them
staying in the row, in the journal or in a copy of the database alone.
"""

from __future__ import annotations

from django.db import models

from toancanh.kernel.contacts.officers import models as officers
from toancanh.kernel.people.models import Person
from toancanh.kernel.territory.models import Unit

__all__ = [
    "Address", "Call", "Channel", "Contact", "Counts", "Ground", "Kind", "Neighbourhood", "Notice",
    "NoticeUnit", "Setting", "Told", "Via", "officers",
]  # fmt: skip


class Neighbourhood(models.Model):
    """A village or neighbourhood (thôn, tổ dân phố, bản, khóm …) of a commune: [valid_from, valid_to).

    It is below the commune and no administrative unit; what kind it is stands in its name.
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """As it was when the row was written; `territory.queries.heirs` says what became of it."""
    name = models.CharField(max_length=100)
    folded = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    basis = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["unit", "folded"], name="neighbourhood_once", condition=models.Q(valid_to=None)
            ),
        )

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    """Why somebody is told."""

    HEAD = "head"
    OFFICIAL = "official"


class Ground(models.TextChoices):
    """By what right the person's number is kept and used."""

    DUTY = "duty"
    CONSENT = "consent"


class Contact(models.Model):
    """A person in a post of the warning chain, for as long as he holds it: [valid_from, valid_to)."""

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=100, blank=True)
    """Family name first, as Vietnamese people write it; empty once erased."""
    folded = models.CharField(max_length=120, blank=True, db_index=True)
    post = models.CharField(max_length=120)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    neighbourhood = models.ForeignKey(
        Neighbourhood, null=True, on_delete=models.PROTECT, related_name="contacts"
    )
    language = models.CharField(max_length=2, default="vi")
    ground = models.CharField(max_length=10, choices=Ground.choices, default=Ground.DUTY)
    ground_note = models.CharField(max_length=300, blank=True)
    """Number of the decision, or how and when consent was given."""
    takes_part = models.BooleanField(default=True)
    """In exercises; a real warning reaches everyone."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    ended_because = models.CharField(max_length=300, blank=True)
    erased_at = models.DateTimeField(null=True)
    changes = models.PositiveIntegerField(default=0)
    """Grows with every change: whoever changes it twice at once is told, and undoing sees later changes."""

    class Meta:
        indexes = (models.Index(fields=["unit", "kind"], name="contact_of_unit"),)

    def __str__(self) -> str:
        return self.name


class Channel(models.TextChoices):
    """Ways of address; one telephone number serves messages and calls."""

    PHONE = "phone"
    EMAIL = "email"
    ZALO = "zalo"


class Address(models.Model):
    """One number or address of a contact, encrypted."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="addresses")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    is_mobile = models.BooleanField(default=False)
    sealed = models.TextField()
    mark = models.CharField(max_length=64, db_index=True)
    """Keyed hash: the same number is found again without being read."""
    hint = models.CharField(max_length=20)
    """Enough to tell two of a person apart."""
    rank = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["contact", "mark"], name="address_once"),)


class Counts(models.TextChoices):
    """When a commune counts as having received a warning."""

    ONE = "one"
    OFFICIAL = "official"
    HALF = "half"
    ALL = "all"


class Setting(models.Model):
    """From a day on: when a commune counts as received, and how long ended contacts are kept."""

    valid_from = models.DateField(unique=True)
    counts = models.CharField(max_length=10, choices=Counts.choices)
    keep_days = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    set_by = models.CharField(max_length=100)
    set_at = models.DateTimeField()


class Notice(models.Model):
    """Something that people of the chain are told and asked to confirm, such as one warning."""

    subject = models.CharField(max_length=120, unique=True)
    """Of the module that tells, such as ``warnings.warning:17``."""
    title = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300, default="")
    text = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    is_exercise = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)
    """All-clear, end of validity or withdrawal: what is confirmed later is late."""
    units: models.ManyToManyField[Unit, NoticeUnit] = models.ManyToManyField(
        Unit, through="NoticeUnit", related_name="+"
    )


class NoticeUnit(models.Model):
    """A commune that a notice is meant for, as it stood when it was made; also one without any contact."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="meant")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["notice", "unit"], name="notice_unit_once"),)


class Via(models.TextChoices):
    """How somebody confirmed."""

    LINK = "link"
    REPLY = "reply"
    CALL = "call"


class Told(models.Model):
    """One person who was told of a notice, and what he confirmed; what channels know is with `notify`."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="told")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="told")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The commune in force when he was told."""
    digest = models.CharField(max_length=64, unique=True)
    """Of the secret in his link."""
    told_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    via = models.CharField(max_length=5, choices=Via.choices, blank=True)
    confirmed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    """The officer who was told on the telephone."""
    note = models.CharField(max_length=300, blank=True)
    calling = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    calling_at = models.DateTimeField(null=True)
    revision = models.BigIntegerField(default=0, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["notice", "contact"], name="told_once"),)
        indexes = (models.Index(fields=["notice", "unit"], name="told_of_unit"),)


class Call(models.Model):
    """One try to reach a person by telephone, or what came back from his: then without an officer."""

    ANSWERED = "answered"
    """Outcome of a message that came back and is no clear yes; its words are the note."""

    told = models.ForeignKey(Told, on_delete=models.CASCADE, related_name="calls")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10)
    """``reached``, ``silent`` (nobody answers) or ``wrong`` (not his number)."""
    note = models.CharField(max_length=300, blank=True)
