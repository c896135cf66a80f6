"""What the public may read of a report, and ready words for reception."""

from __future__ import annotations

from django.db import models

from toancanh.domains.reports.triage.indexes import PublicWords
from toancanh.kernel.cases.models import Case


class Report(models.Model):
    """The public text of a report, apart from the words of its sender, which nobody changes."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="report")
    public_title = models.CharField(max_length=200, blank=True)
    public_words = models.TextField(blank=True)
    folded = models.TextField(blank=True)
    """Code and public text without tone marks: what the public's search looks into."""
    checked_at = models.DateTimeField(null=True)
    """When a person read them for what is private; nothing is published before."""
    checked_by = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "reports_report"
        indexes = (PublicWords(fields=["folded"], name="report_public_words"),)


class Use(models.TextChoices):
    """What ready words are for."""

    REFUSE = "refuse"
    ASK = "ask"


class Answer(models.Model):
    """Ready words of reception, to begin with: while valid."""

    use = models.CharField(max_length=6, choices=Use.choices)
    title = models.CharField(max_length=120)
    words = models.TextField()
    position = models.PositiveSmallIntegerField(default=0)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "reports_ready_answer"
        indexes = (models.Index(fields=["use", "position"], name="ready_answer_order"),)

    def __str__(self) -> str:
        return self.title
