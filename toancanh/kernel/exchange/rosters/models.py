"""Lists that were brought: the file itself sealed, what it did, and what is needed to take it back."""

from __future__ import annotations

from typing import Any

from django.db import models


class Stage(models.TextChoices):
    """How far a list has come."""

    DRAFT = "draft"
    DONE = "done"
    UNDONE = "undone"


class Roster(models.Model):
    """One list of contacts on its way in; taken in as a whole or not at all."""

    made_at = models.DateTimeField(db_index=True)
    made_by = models.CharField(max_length=100)
    actor = models.CharField(max_length=100)
    """`Actor.key` of who brought it."""
    file = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, db_index=True)
    book = models.BinaryField(null=True)
    """Its cells, encrypted: they hold names and numbers. Null once nobody can mend or undo it any more."""
    reading: models.JSONField[Any, Any] = models.JSONField()
    """A `columns.Reading`: where the headings stand and what each column means."""
    replaces = models.BooleanField(default=False)
    """The former head of a place leaves where the list names another one."""
    stage = models.CharField(max_length=6, choices=Stage.choices, default=Stage.DRAFT)
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """Rows by what became of them."""
    before = models.BinaryField(null=True)
    """What it changed, encrypted: what undoing needs."""
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, blank=True)
