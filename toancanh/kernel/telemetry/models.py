"""What is known of each series: unit, plausible range, period, thresholds. Readings are in the store."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry.devices.models import Activity, Contact, Dismissal, Keeping, Knock

__all__ = [
    "Activity",
    "Contact",
    "Dismissal",
    "Gap",
    "Keeping",
    "Knock",
    "Letter",
    "Sequence",
    "Series",
    "Threshold",
]


class Series(models.Model):
    """One quantity that one thing measures."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="series")
    name = models.CharField(max_length=60)
    unit = models.CharField(max_length=20)
    low = models.FloatField()
    high = models.FloatField()
    period_s = models.PositiveIntegerField()
    """Seconds between readings: silent after twice that."""
    title = models.CharField(max_length=120, blank=True)
    title_en = models.CharField(max_length=120, blank=True)
    """What people call it; empty where the kind of the thing declares it."""
    is_active = models.BooleanField(default=True)
    """False once it was ended: no door takes and no page shows it, its readings stay."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["thing", "name"], name="series_once"),)


class Threshold(models.Model):
    """A level with a name and a legal basis, in force [valid_from, valid_to); alerts will read these."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="thresholds")
    name = models.CharField(max_length=40)
    value = models.FloatField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    legal_basis = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300)
    is_verified = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["series", "name", "valid_from"], name="threshold_from"),
        )


class Letter(models.Model):
    """A dead letter: a row that a door refused, as it came, until its cause is mended or its time is over."""

    digest = models.CharField(max_length=64, unique=True)
    """Over all that it says: the same row sent again is the same letter."""
    at = models.DateTimeField()
    token = models.BigIntegerField()
    source = models.CharField(max_length=100)
    """Name of the token that brought it."""
    door = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    """Why it was refused: a key of ``refusals.ROW``."""
    thing = models.CharField(max_length=100)
    series = models.CharField(max_length=100)
    time_us = models.BigIntegerField(null=True)
    value = models.FloatField(null=True)
    correction = models.BooleanField(default=False)
    raw = models.CharField(max_length=2000, blank=True)
    """What could not be read, as far as it can be shown; empty where the row was understood."""
    fault = models.CharField(max_length=300, blank=True)
    settled_at = models.DateTimeField(null=True)
    """When it was taken after all."""

    class Meta:
        indexes = (
            models.Index(fields=["code", "source", "at"], name="letter_group"),
            models.Index(fields=["thing", "series"], name="letter_thing"),
            models.Index(fields=["at"], name="letter_age"),
        )


class Sequence(models.Model):
    """How far a device has come that numbers its observations."""

    thing = models.CharField(max_length=100, unique=True)
    newest = models.BigIntegerField()
    """The highest number that came since the device began to count."""
    newest_us = models.BigIntegerField()
    """Time of that observation: a smaller number at a later time is a device that began anew."""
    updated = models.DateTimeField()


class Gap(models.Model):
    """Numbers ``first`` to ``last`` of a device that have not come."""

    thing = models.CharField(max_length=100)
    source = models.CharField(max_length=100)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    noticed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    """When it became an event: it was not filled within the grace of a message that is merely late."""
    filled_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["thing", "first"], name="gap_thing"),
            # The few that are open are looked for with every group of rows and every few seconds.
            models.Index(
                fields=["thing", "first"],
                name="gap_open",
                condition=models.Q(filled_at=None, given_up_at=None),
            ),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="gap_order"),
        )


class CommandState(models.TextChoices):
    """How far it has come; ``delivered``: the device has it, ``answered``: and said what it did."""

    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Command(models.Model):
    """What a device is told to do; waits for the device until it expires."""

    key = models.CharField(max_length=32, unique=True)
    """As the device knows it: the same command sent again has the same key."""
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="commands")
    name = models.CharField(max_length=60)
    args: models.JSONField[Any, Any] = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=CommandState.choices, default=CommandState.WAITING)
    given_by = models.CharField(max_length=100)
    """Key of the actor."""
    created = models.DateTimeField()
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    result: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["thing", "-created"], name="command_thing"),
            models.Index(
                fields=["expires_at"],
                name="command_open",
                condition=models.Q(state__in=["waiting", "sent", "delivered"]),
            ),
            models.Index(
                fields=["thing"], name="command_due", condition=models.Q(state__in=["waiting", "sent"])
            ),
        )
