"""A count that was asked for, whom it was asked of, and every revision of what came."""

from __future__ import annotations

from django.db import models

from toancanh.kernel.people.models import Person
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings.models import Warning


class Count(models.Model):
    """One request to communes to say within the hour what has happened."""

    title = models.CharField(max_length=200)
    warning = models.ForeignKey(Warning, null=True, on_delete=models.PROTECT, related_name="+")
    """The warning after which it was asked."""
    is_exercise = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = (models.Index(fields=["-opened_at", "-id"], name="count_newest"),)

    def __str__(self) -> str:
        return self.title


class Ask(models.Model):
    """One commune of a count, and the link by which it answers without an account."""

    of = models.ForeignKey(Count, on_delete=models.CASCADE, related_name="asks")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    """Of the secret in the link."""
    sealed = models.TextField()
    """The secret, so that an officer can send the link again."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["of", "unit"], name="ask_once"),)


class Report(models.Model):
    """What a commune said at one time. Rows are only added: the newest counts, the others stay to be read."""

    ask = models.ForeignKey(Ask, on_delete=models.CASCADE, related_name="reports")
    number = models.PositiveIntegerField()
    """1 for the first of the commune."""
    key = models.CharField(max_length=40)
    """Made with the form: the same sending, however often it arrives, is one report."""
    at = models.DateTimeField()
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    """Who says so, as typed by whoever came by the link, else the account's name."""
    post = models.CharField(max_length=120, blank=True)
    by_link = models.BooleanField(default=False)
    flooded = models.PositiveIntegerField(null=True)
    """Households whose house is under water; null, here and below: not said."""
    evacuated = models.PositiveIntegerField(null=True)
    """Households that have left …"""
    evacuees = models.PositiveIntegerField(null=True)
    """… and people."""
    injured = models.PositiveIntegerField(null=True)
    dead = models.PositiveIntegerField(null=True)
    missing = models.PositiveIntegerField(null=True)
    houses = models.PositiveIntegerField(null=True)
    """Damaged houses."""
    loss = models.PositiveIntegerField(null=True)
    """Estimated, in millions of đồng."""
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["ask", "number"], name="report_number"),
            models.UniqueConstraint(fields=["ask", "key"], name="report_key"),
        )
