"""Rules that say which organisation gets a report, and what they said of each report."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.cases.models import Case
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.territory.models import Unit


class Hours(models.TextChoices):
    """When a rule holds, by the calendar of the report's unit."""

    ANY = "any"
    WORKING = "working"
    CLOSED = "closed"
    """Outside working hours: nights, weekends, holidays."""


class Rule(models.Model):
    """One line of the ordered list. What it says is never changed: a new version takes its place."""

    line = models.PositiveIntegerField()
    """Keeps its versions together; the first version's primary key."""
    position = models.PositiveIntegerField()
    """Lower ones are asked first."""
    name = models.CharField(max_length=120)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    """Reports of this unit and those below it; null: of all."""
    categories: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Codes, any of which fits; empty: every category. So with the lists below."""
    channels: models.JSONField[Any, Any] = models.JSONField(default=list)
    hours = models.CharField(max_length=8, choices=Hours.choices, default=Hours.ANY)
    weekdays: models.JSONField[Any, Any] = models.JSONField(default=list)
    """0 is Monday."""
    words: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Words or phrases as typed; compared without tone marks and as whole words."""
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    helpers: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Codes of organisations that help."""
    priority = models.PositiveSmallIntegerField(default=0)
    terms: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """In the place of the kind's: amount, unit and way of counting, by clock."""
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    basis = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300)
    made_by = models.CharField(max_length=200)
    created = models.DateTimeField()

    class Meta:
        db_table = "reports_routing_rule"
        indexes = (models.Index(fields=["position", "id"], name="routing_order"),)

    def __str__(self) -> str:
        return self.name


class Routed(models.Model):
    """What the rules said of a report at an event of its story, and who really got it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="routings")
    number = models.PositiveIntegerField()
    """Of the event: the first of the case, or one by which it was passed on."""
    at = models.DateTimeField()
    rule = models.ForeignKey(Rule, null=True, on_delete=models.PROTECT, related_name="routings")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    """Whom the rule names, or its successor."""
    why: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Conditions of the rule that fitted, as they were then."""
    given = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    """Who got it; null while nobody did."""
    by_program = models.BooleanField(default=False)
    """Passed on without a person, by what was learned; see `learning`."""
    confidence = models.FloatField(null=True)
    returned_at = models.DateTimeField(null=True)
    return_reason = models.CharField(max_length=2000, blank=True)

    class Meta:
        db_table = "reports_routed"
        constraints = (models.UniqueConstraint(fields=["case", "number"], name="routed_once"),)
        indexes = (models.Index(fields=["rule", "at"], name="routed_by_rule"),)
