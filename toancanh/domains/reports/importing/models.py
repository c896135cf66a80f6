"""Files of reports on their way in: what they mean, what became of each row, mappings worth keeping."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.cases.models import Case
from toancanh.kernel.exchange.sheets.models import State


class ReportMapping(models.Model):
    """What the columns and values of an earlier system mean, under a name that people know it by."""

    name = models.CharField(max_length=80)
    folded = models.CharField(max_length=80, unique=True)
    """The name without marks: no two names may differ in marks alone."""
    said: models.JSONField[Any, Any] = models.JSONField()
    """A `mapping.Mapping`."""
    saved_by = models.CharField(max_length=100)
    """`Actor.key`; the journal has the name."""
    used_at = models.DateTimeField()

    class Meta:
        db_table = "reports_import_mapping"

    def __str__(self) -> str:
        return self.name


class ReportImport(models.Model):
    """One file. Its rows are the ledger; the counts here are their sums."""

    made_at = models.DateTimeField(db_index=True)
    made_by = models.CharField(max_length=100)
    """As people read it."""
    actor = models.CharField(max_length=100)
    """`Actor.key` of who brought it."""
    scope: models.JSONField[Any, Any] = models.JSONField()
    """Paths of the units in which its reports may lie."""
    file = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, db_index=True)
    """SHA-256 of the file, by which it is known again."""
    book = models.BinaryField(null=True)
    """Its cells, encrypted: they may hold who sent the reports. Null once nobody can mend or undo it."""
    mapping: models.JSONField[Any, Any] = models.JSONField()
    mapping_name = models.CharField(max_length=80, blank=True)
    preview: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A `judging.Preview`, and ``of``, the seal of what was previewed."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    total = models.PositiveIntegerField(default=0)
    """Rows with a report in them, once it is known."""
    new = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    """Were there before, by their code in the system before."""
    refused = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    """Stayed when it was taken back, since somebody had worked on them."""
    next_at = models.DateTimeField(null=True, db_index=True)
    """When the worker looks at it next, a lease while one is at it; null where nothing is to be done."""
    holder = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    """Without a row done since."""
    fault = models.CharField(max_length=400, blank=True)
    finished_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, blank=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reports_import"

    def __str__(self) -> str:
        return self.file


class Verdict(models.TextChoices):
    """What became of a row."""

    NEW = "new"
    SAME = "same"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Was new and was taken back."""
    LEFT = "left"
    """Was new and stayed, since somebody had worked on it."""


class ImportedRow(models.Model):
    """One row of a file: written in the transaction that opens its case: none is without the other."""

    of = models.ForeignKey(ReportImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    """As people count rows in their own program."""
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    case = models.ForeignKey(Case, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    """Why it was refused, where only opening it has shown that."""
    code = models.CharField(max_length=24, blank=True)
    """Of the case, also when it is gone."""
    until = models.PositiveIntegerField(default=0)
    """Number of its last event then: a newer one says that somebody has worked on it."""

    class Meta:
        db_table = "reports_import_row"
        constraints = (models.UniqueConstraint(fields=["of", "number"], name="report_import_row_once"),)
        indexes = (models.Index(fields=["of", "verdict", "number"], name="report_import_verdict"),)
