"""Entries of the handover book and notes that were added later."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.people.models import Person
from toancanh.kernel.people.shifts.models import DutyPost


class Handover(models.Model):
    """One handing over of a post of duty: signed by who goes, then by who takes over."""

    duty = models.ForeignKey(DutyPost, on_delete=models.PROTECT, related_name="handovers")
    outgoing = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    outgoing_post = models.CharField(max_length=120, blank=True)
    signed_at = models.DateTimeField()
    """When who goes signed: from then on what he handed over stands."""
    brief = models.TextField(blank=True)
    """*Tình hình ca trực*, in his words."""
    frozen: models.JSONField[Any, Any] = models.JSONField()
    """What was open at that moment: alerts and maintenance, as they were said then."""
    digest = models.CharField(max_length=64)
    """SHA-256 of all the above; stands in the journal too."""
    incoming = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    incoming_post = models.CharField(max_length=120, blank=True)
    taken_at = models.DateTimeField(null=True)
    remark = models.CharField(max_length=1000, blank=True)
    """Of who took over."""
    is_by_password = models.BooleanField(default=False)
    """The second signed with his password at the first one's screen."""

    class Meta:
        ordering = ("-signed_at", "-pk")
        constraints = (
            # Of a post one handing over at a time waits for somebody.
            models.UniqueConstraint(
                fields=["duty"], name="handover_waiting", condition=models.Q(taken_at=None)
            ),
        )
        indexes = (models.Index(fields=["duty", "-signed_at"], name="handover_newest"),)


class Addition(models.Model):
    """A note written under an entry afterwards."""

    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="additions")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=1000)

    class Meta:
        ordering = ("pk",)
