"""Rules as dated data, alerts with their story, and how far the rules have read."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.alerts.escalation import models as escalation
from toancanh.kernel.alerts.handover import models as handover
from toancanh.kernel.alerts.maintenance import models as maintenance
from toancanh.kernel.people.models import Person
from toancanh.kernel.registry.models import Thing

__all__ = ["Alert", "AlertState", "Backlog", "Chapter", "Cursor", "Rule", "Unwritten"]
__all__ += ["escalation", "handover", "maintenance"]


class Rule(models.Model):
    """A condition in force [valid_from, valid_to) under a declared key: for a kind of things, or for one.

    Versions are never changed, only ended: an alert keeps the one it was made under.
    """

    key = models.CharField(max_length=80)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT, related_name="+")
    """Null: for every thing that has no version of its own."""
    condition: models.JSONField[Any, Any] = models.JSONField()
    is_on = models.BooleanField(default=True)
    is_declared = models.BooleanField(default=False)
    """Written by the program as its domain declares it; whatever people wrote stands above it."""
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    basis = models.CharField(max_length=300, blank=True)
    """The decision or source that lines and delays come from."""
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.CharField(max_length=200)
    """Key of the actor."""
    created = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["key", "thing", "valid_from"], name="rule_of"),)


class AlertState(models.TextChoices):
    """Where it stands with people; the condition itself may be over before or after."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Alert(models.Model):
    """One time that a rule rang for a thing; of a key and thing one row stands until its condition ends."""

    key = models.CharField(max_length=80)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="alerts")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+")
    severity = models.PositiveSmallIntegerField()
    highest = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    series = models.CharField(max_length=60)
    of = models.CharField(max_length=10)
    """``value``, ``rate``, ``sum`` or ``silence``: what of the series."""
    line = models.CharField(max_length=40, blank=True)
    """Name of the line that rings, such as BĐ2."""
    limit = models.FloatField(null=True)
    value = models.FloatField(null=True)
    """The reading that opened or raised it."""
    peak = models.FloatField(null=True)
    peak_at = models.DateTimeField(null=True)
    since = models.DateTimeField()
    """When it was measured …"""
    opened_at = models.DateTimeField()
    """… and when it rang."""
    asked_at = models.DateTimeField(null=True)
    """Since when it has been asking for somebody: when it rang, or became worse than ever before."""
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    """Null where it closed by itself."""
    reason = models.CharField(max_length=300, blank=True)
    over_at = models.DateTimeField(null=True)
    """When its condition ended: until then nothing of the same key rings anew for the thing."""
    known_afterwards = models.BooleanField(default=False)
    """Its readings came too late to ring: ``opened_at`` is when it was found out, and nobody was told."""
    revision = models.BigIntegerField(db_index=True)
    """Of all alerts when this one last changed, in the order of commits."""

    # No columns: what lists give their rows (`queries.with_windows`, `escalation.queries.mark`).
    window: maintenance.Maintenance | None = None
    step: escalation.Step | None = None
    is_mine: bool = False

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["key", "thing"], name="alert_once", condition=models.Q(over_at=None)
            ),
        )
        indexes = (
            models.Index(fields=["-opened_at", "-id"], name="alert_newest"),
            models.Index(
                fields=["-severity", "-opened_at"],
                name="alert_open",
                condition=models.Q(state__in=["open", "acknowledged"]),
            ),
            models.Index(fields=["thing", "-opened_at"], name="alert_thing"),
        )


class Chapter(models.Model):
    """One step of an alert's story."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="story")
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    """``opened``, ``raised``, ``lowered``, ``acknowledged``, ``noted``, ``muted``, ``part_muted``, ``told``,
    ``escalated``, ``unfilled``, ``closed``, ``over`` or
    ``learned``."""
    severity = models.PositiveSmallIntegerField()
    value = models.FloatField(null=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("pk",)


class Backlog(models.Model):
    """A rule on a thing whose past is to be looked at again from a moment on, since readings came late."""

    key = models.CharField(max_length=80)
    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["key", "thing"], name="backlog_once"),)


class Cursor(models.Model):
    """How far the rules have read the feed of readings, and which process reads."""

    name = models.CharField(max_length=40, primary_key=True)
    mark: models.JSONField[Any, Any] = models.JSONField(null=True)
    owner = models.CharField(max_length=300, blank=True)
    leased_until = models.DateTimeField()


class Unwritten(models.Model):
    """Findings of entries before the cursor that are still to be written: a slice a row, in order."""

    findings = models.BinaryField()
    """MessagePack, which keeps every float as it is."""

    class Meta:
        ordering = ("pk",)
