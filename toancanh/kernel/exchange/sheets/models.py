"""Imports of files: what was brought, what became of each part of it, and mappings worth keeping."""

from __future__ import annotations

from typing import Any

from django.db import models


class SavedMapping(models.Model):
    """What the columns of a kind of file mean, under a name that people know it by."""

    name = models.CharField(max_length=80, unique=True)
    folder = models.CharField(max_length=80, unique=True)
    """The name without marks: no two names may differ in marks alone."""
    said: models.JSONField[Any, Any] = models.JSONField()
    """A `mapping.Mapping`."""
    scope: models.JSONField[Any, Any] = models.JSONField()
    """Paths of the units whose things it may fill: those of whoever saved it last."""
    saved_by = models.CharField(max_length=100)
    """`Actor.key`; the journal has the name."""
    used_at = models.DateTimeField()


class State(models.TextChoices):
    """How far an import has come."""

    DRAFT = "draft"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    STOPPED = "stopped"


class Import(models.Model):
    """One file on its way in. Its parts are the ledger; the counts here are their sums."""

    made_at = models.DateTimeField(db_index=True)
    made_by = models.CharField(max_length=100)
    """As people read it."""
    actor = models.CharField(max_length=100)
    """`Actor.key` of who began it."""
    scope: models.JSONField[Any, Any] = models.JSONField()
    """Paths of the units whose things it may fill."""
    root = models.CharField(max_length=200, blank=True, db_index=True)
    """The lowest path above all of these: who stands over it sees the import."""
    door = models.CharField(max_length=20)
    """``sheet``: how it came, as dead letters name it."""
    file = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, db_index=True)
    """SHA-256 of the file, by which it is known again."""
    mapping: models.JSONField[Any, Any] = models.JSONField(null=True)
    mapping_name = models.CharField(max_length=80, blank=True)
    replaces = models.BooleanField(default=False)
    """Values that are there already are corrected instead of refused."""
    preview: models.JSONField[Any, Any] = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    total = models.PositiveIntegerField(default=0)
    """Readings and unreadable cells, once it is known."""
    new = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    """Were there before with the same value."""
    corrected = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    """When the worker looks at it next, a lease while one is at it; null where nothing is to be done."""
    holder = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    """Without a part done since."""
    fault = models.CharField(max_length=400, blank=True)
    finished_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, blank=True)
    undone_at = models.DateTimeField(null=True)


class Content(models.Model):
    """The cells of an import's file, packed; deleted when nobody can undo or mend it any more."""

    of = models.OneToOneField(Import, on_delete=models.CASCADE, primary_key=True, related_name="content")
    book = models.BinaryField()


class Part(models.Model):
    """Some rows of an import, in the order of the file.

    ``fresh`` says before anything is stored which of them the store does not have yet: what a kill leaves in
    doubt is decided by it, and only such rows are withdrawn later.
    """

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    fresh = models.BinaryField()
    """One bit for each observation or fault; after the part is done, those that are new because of it."""
    before: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Position, value and quality of what the store has there with another value."""
    is_done = models.BooleanField(default=False)
    new = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    corrected = models.PositiveIntegerField(default=0)
    refusals: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Position in the part and code."""
    is_undone = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["of", "number"], name="import_part_once"),)
