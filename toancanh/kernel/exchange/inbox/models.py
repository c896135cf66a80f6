"""The watched folder in the database: who watches it, by which rules, and what became of each file."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.exchange.sheets.models import Import, SavedMapping


class Watched(models.Model):
    """A watched folder as its worker last saw it. The row is the lease: of several workers, one takes."""

    key = models.CharField(max_length=100, unique=True)
    """Lies in the folder itself, so that workers of all machines that see it speak of the same."""
    host = models.CharField(max_length=100)
    path = models.CharField(max_length=500)
    """As that machine calls it."""
    holder = models.CharField(max_length=32, blank=True)
    held_until = models.DateTimeField()
    looked_at = models.DateTimeField()
    trouble = models.CharField(max_length=300, blank=True)
    """Why it cannot be read or written, in the system's words."""
    waiting: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Files that wait: ``path``, ``size``, ``since`` and ``why``, the first of them."""
    more = models.PositiveIntegerField(default=0)
    """How many wait beside these."""


class Rule(models.Model):
    """How files of a folder are read: of that folder and those in it, unless one of these has a rule."""

    folder = models.CharField(max_length=200, blank=True)
    """From the watched folder on, with ``/``; empty: the watched folder itself."""
    pattern = models.CharField(max_length=100, default="*")
    """Of the file's name, with ``*`` and ``?``."""
    mapping = models.ForeignKey(SavedMapping, on_delete=models.PROTECT, related_name="+")
    replaces = models.BooleanField(default=False)
    """Values that are there already are corrected instead of refused."""
    is_on = models.BooleanField(default=True)
    scope: models.JSONField[Any, Any] = models.JSONField()
    """Paths of the units whose things its files may fill: those of whoever set it last."""
    root = models.CharField(max_length=200, blank=True, db_index=True)
    actor = models.CharField(max_length=100)
    """`Actor.key` of who set it last."""
    set_by = models.CharField(max_length=100)
    """As people read it."""
    set_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["folder", "pattern"], name="inbox_rule_once"),)


class Outcome(models.TextChoices):
    """What became of a file."""

    TAKEN = "taken"
    DONE = "done"
    REFUSED = "refused"
    GROWN = "grown"
    """It was written to after it had been read: it went back, and is read again whole."""


class Arrival(models.Model):
    """One file that was taken aside, written down in the transaction that begins its import."""

    watched = models.ForeignKey(Watched, on_delete=models.PROTECT, related_name="+")
    claim = models.CharField(max_length=40, unique=True)
    """Names the place where the file lies meanwhile, and later the file itself."""
    path = models.CharField(max_length=1000)
    size = models.BigIntegerField()
    stamp = models.CharField(max_length=80)
    """A `disk.Stamp`: the state of the file that was read."""
    at = models.DateTimeField()
    root = models.CharField(max_length=200, blank=True, db_index=True)
    actor = models.CharField(max_length=100)
    of = models.ForeignKey(Import, null=True, on_delete=models.SET_NULL, related_name="+")
    """Null where the file could not be read at all."""
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    fault = models.CharField(max_length=600, blank=True)
    put_at = models.DateTimeField(null=True, db_index=True)
    """When it was put away; null while there is something to be done about it."""
    target = models.CharField(max_length=1300, blank=True)


class Keeping(models.Model):
    """From a day on: for how many days files that were read are kept in ``done``."""

    valid_from = models.DateField(unique=True)
    days = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    """The decision or paper that asks for it."""
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=100)
    """As people read it; the journal has the key."""


class Sample(models.Model):
    """Somebody wants to see how a waiting file is read: the worker makes a draft of it."""

    watched = models.ForeignKey(Watched, on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=1000)
    actor = models.CharField(max_length=100)
    asked_by = models.CharField(max_length=100)
    scope: models.JSONField[Any, Any] = models.JSONField()
    at = models.DateTimeField()
    of = models.ForeignKey(Import, null=True, on_delete=models.CASCADE, related_name="+")
    fault = models.CharField(max_length=600, blank=True)
