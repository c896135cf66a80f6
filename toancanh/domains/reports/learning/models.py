"""What was learned, as versions, and how sure it must be to act alone, with its history."""

from __future__ import annotations

from typing import Any

from django.db import models


class Target(models.TextChoices):
    """What is proposed."""

    CATEGORY = "category"
    ORGANISATION = "organisation"


class Learned(models.Model):
    """One training: the model, and how right it was about later reports that it had not seen."""

    target = models.CharField(max_length=12, choices=Target.choices)
    at = models.DateTimeField()
    content: models.JSONField[Any, Any] = models.JSONField()
    """A `bayes.Model`."""
    texts = models.PositiveIntegerField()
    """Reports that it learned from."""
    split_at = models.DateTimeField()
    """It was measured by what came after, having learned from what came before."""
    tried = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    among = models.PositiveIntegerField()
    """The right one was among the three."""
    trials: models.JSONField[Any, Any] = models.JSONField()
    """Of each later report: confidence of the first proposal, and 1 where it was right."""

    class Meta:
        db_table = "reports_learned"
        indexes = (models.Index(fields=["target", "-id"], name="learned_newest"),)


class Trust(models.Model):
    """How precise proposals must be proven for reports to be passed on alone. Rows are only added."""

    since = models.DateTimeField()
    precision = models.FloatField(null=True)
    """A share from 0.5 to 1; null: never alone."""
    reason = models.CharField(max_length=300)
    set_by = models.CharField(max_length=200)

    class Meta:
        db_table = "reports_trust"
