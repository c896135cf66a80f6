"""Calendars, the weeks that decisions set, and entries about days. Rows are only added, never changed.

A later row stands above an earlier one of the same days, so what was in force at any time stays readable.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.lib.worktime.calendar import Kind


class WorkCalendar(models.Model):
    """A named calendar by which terms are counted."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    unit = models.ForeignKey("territory.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    """Whose hours these are; null: of the whole country."""
    keeps_holidays = models.BooleanField(default=True)
    """The country's holidays and swapped days hold here; not where work goes round the clock."""
    made_by = models.CharField(max_length=200)
    """Key of the actor."""
    created = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class Ruling(models.Model):
    """What weeks and entries about days have in common: where it is written, who wrote it down, when."""

    reason = models.CharField(max_length=300)
    reason_en = models.CharField(max_length=300, blank=True)
    legal_basis = models.CharField(max_length=300)
    source = models.CharField(max_length=300, blank=True)
    """Where it was read, where that is not the decision itself."""
    is_verified = models.BooleanField(default=True)
    """False: expected or computed; no source in force says so yet."""
    made_by = models.CharField(max_length=200)
    """Key of the actor."""
    created = models.DateTimeField()

    class Meta:
        abstract = True


class WorkWeek(Ruling):
    """Hours of every week from ``valid_from`` until the next decision of the calendar."""

    calendar = models.ForeignKey(WorkCalendar, on_delete=models.PROTECT, related_name="weeks")
    valid_from = models.DateField()
    seasons: models.JSONField[Any, Any] = models.JSONField()
    """[{"since": [month, day], "hours": seven lists of [start, end]}], in the order of the year."""
    day_minutes = models.PositiveSmallIntegerField()
    """What one working day of a term is."""
    cut_off = models.PositiveSmallIntegerField(null=True)
    """Minute of the day after which what is to be done on the same day may wait for the next working day."""

    class Meta:
        ordering = ("valid_from", "pk")


class WorkDay(Ruling):
    """What days from ``first`` to ``last`` are instead of what their week says."""

    calendar = models.ForeignKey(WorkCalendar, null=True, on_delete=models.PROTECT, related_name="days")
    """Null: for every calendar that keeps the country's holidays."""
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in Kind])
    first = models.DateField()
    last = models.DateField()
    hours: models.JSONField[Any, Any] = models.JSONField(null=True)
    like = models.DateField(null=True)
    """A day worked instead of this one, whose hours it has."""
    closed_from = models.PositiveSmallIntegerField(null=True)
    closed_to = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=["calendar", "first"], name="work_day_of"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(last__gte=models.F("first")), name="work_day_ends"),
        )
