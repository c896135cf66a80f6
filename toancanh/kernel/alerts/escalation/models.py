"""How long an alert waits at a level, and to whom it went when."""

from __future__ import annotations

from django.db import models

from toancanh.kernel.people.models import Person


class Delay(models.Model):
    """How long an alert of the severity waits for somebody at one level; in force [valid_from, valid_to)."""

    severity = models.PositiveSmallIntegerField()
    minutes = models.PositiveIntegerField(null=True)
    """Null: it stays with the first level."""
    is_declared = models.BooleanField(default=False)
    """Written by the program; what people wrote stands above it."""
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    basis = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.CharField(max_length=200)
    """Key of the actor."""


class Step(models.Model):
    """An alert went to a level of the roster, at this moment, to these persons; written once."""

    alert = models.ForeignKey("alerts.Alert", on_delete=models.CASCADE, related_name="steps")
    round = models.PositiveSmallIntegerField()
    """The severity for which it asked: an alert that grows worse asks anew, from the first level on."""
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    title = models.CharField(max_length=300)
    """Of the posts of duty."""
    names = models.CharField(max_length=500, blank=True)
    """Who was on duty; empty where nobody was."""
    told = models.ManyToManyField(Person, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["alert", "round", "level"], name="step_once"),)
