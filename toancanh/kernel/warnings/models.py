"""Warnings as messages of a thread, their story, and the dated data by which they are made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.people.models import Person
from toancanh.kernel.territory.models import Unit


class Kind(models.TextChoices):
    """What a message is in its thread."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    ALL_CLEAR = "all_clear"


class State(models.TextChoices):
    """Where a message stands: with its authors, with who may order it, with the public."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    ENDED = "ended"
    """A later message of the thread stands in its place."""
    WITHDRAWN = "withdrawn"
    """Given up before anybody was told."""


UNFINISHED = (State.DRAFT, State.SUBMITTED, State.RETURNED)
TOLD = (State.APPROVED, State.ENDED)


class Thread(models.Model):
    """All messages about one event, from the first to the all-clear."""

    event = models.CharField(max_length=80)
    is_exercise = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """When the all-clear was given."""


class StandingOrder(models.Model):
    """A decision taken beforehand: in its cases the officer issues at once, with its number in the message.

    Never changed, only ended.
    """

    number = models.CharField(max_length=80)
    """Of the decision, such as 12/QĐ-BCH."""
    issuer = models.CharField(max_length=200)
    decided_on = models.DateField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    event = models.CharField(max_length=80)
    rule = models.CharField(max_length=80, blank=True)
    """Key of the alert rule that must have rung; empty: no alert is needed."""
    max_level = models.PositiveSmallIntegerField()
    template = models.CharField(max_length=120)
    """Key of the words that the decision foresees."""
    units: models.ManyToManyField[Unit, Any] = models.ManyToManyField(Unit, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (models.Index(fields=["event", "-valid_from"], name="order_of_event"),)


class Warning(models.Model):
    """One message to the public; once approved its words, units and times are never changed."""

    number = models.CharField(max_length=20, null=True, unique=True)
    """CB-2026-0012, or DT-2026-0003 of an exercise; given at approval, never again to another."""
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ALERT)
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followed_by")
    """The message that this one updates, corrects or ends."""
    event = models.CharField(max_length=80)
    """Key of the declared event; its title as it was called then stands beside it."""
    event_vi = models.CharField(max_length=120)
    event_en = models.CharField(max_length=120)
    level = models.PositiveSmallIntegerField(null=True)
    """Disaster-risk level 1 to 5; a draft may lack it, an approved message never does."""
    headline_vi = models.CharField(max_length=200, blank=True)
    headline_en = models.CharField(max_length=200, blank=True)
    what_vi = models.TextField(blank=True)
    what_en = models.TextField(blank=True)
    where_vi = models.TextField(blank=True)
    where_en = models.TextField(blank=True)
    """More exactly where than the names of the units."""
    instruction_vi = models.TextField(blank=True)
    instruction_en = models.TextField(blank=True)
    since = models.DateTimeField(null=True)
    """Since when it is as the message says."""
    quotes: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Bulletins that it quotes: rows of issuer, number, at (ISO 8601), link, words."""
    units: models.ManyToManyField[Unit, Any] = models.ManyToManyField(
        Unit, through="Place", related_name="warnings"
    )
    area: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A GeoJSON polygon that narrows the units; null: the whole of them."""
    channels: models.JSONField[Any, Any] = models.JSONField(default=list)
    valid_from = models.DateTimeField(null=True)
    """Null in a draft: from approval on."""
    valid_until = models.DateTimeField(null=True)
    is_exercise = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    origin = models.ForeignKey(Alert, null=True, on_delete=models.PROTECT, related_name="+")
    template = models.CharField(max_length=120, blank=True)
    order = models.ForeignKey(StandingOrder, null=True, on_delete=models.PROTECT, related_name="+")
    """The standing order under which it was issued without approval."""
    issuer = models.CharField(max_length=200, blank=True)
    """The organisation in whose name it was approved."""
    drafted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_post = models.CharField(max_length=120, blank=True)
    drafted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    approved_post = models.CharField(max_length=120, blank=True)
    approved_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    """Why it was returned or withdrawn."""
    version = models.PositiveIntegerField(default=1)
    """Counts every change: who acts on an older one is told what changed meanwhile."""
    changed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    expiry_told_at = models.DateTimeField(null=True)
    lapse_told_at = models.DateTimeField(null=True)
    revision = models.BigIntegerField(db_index=True)
    """Of all warnings when this one last changed, in the order of commits."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["thread"],
                name="warning_one_draft",
                condition=models.Q(state__in=["draft", "submitted", "returned"]),
            ),
        )
        indexes = (
            models.Index(fields=["-changed_at", "-id"], name="warning_newest"),
            models.Index(fields=["state", "-approved_at"], name="warning_told"),
            models.Index(fields=["thread", "id"], name="warning_thread"),
        )

    def __str__(self) -> str:
        return self.number or f"#{self.pk}"

    def is_in_force(self, now: datetime) -> bool:
        """Whether the public is to heed it now; an all-clear is not heeded, it ends."""
        is_told = self.state == State.APPROVED and self.kind != Kind.ALL_CLEAR
        if not is_told or self.valid_from is None or self.valid_until is None:
            return False
        return self.valid_from <= now < self.valid_until

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its time ran out and nobody gave the all-clear."""
        if self.state != State.APPROVED or self.kind == Kind.ALL_CLEAR:
            return False
        return self.valid_until is not None and self.valid_until <= now


class Place(models.Model):
    """A unit that a message is for, as it was valid when the message was written or approved."""

    warning = models.ForeignKey(Warning, on_delete=models.CASCADE, related_name="places")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    formers: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Units that were named and have become this one by merging: rows of code, vi, en, on (ISO date)."""

    class Meta:
        ordering = ("unit__code",)
        constraints = (models.UniqueConstraint(fields=["warning", "unit"], name="warning_place_once"),)


class Step(models.Model):
    """One step of a message's story."""

    warning = models.ForeignKey(Warning, on_delete=models.CASCADE, related_name="story")
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    """``drafted``, ``edited``, ``submitted``, ``returned``, ``withdrawn``, ``approved``, ``issued`` (under a
    standing order), ``reminded``, ``escalated``, ``expiring``, ``lapsed`` or ``ended``."""
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("pk",)


class Template(models.Model):
    """Words to begin with, in force [valid_from, valid_to) under a declared key; versions are only ended."""

    key = models.CharField(max_length=120)
    words: models.JSONField[Any, Any] = models.JSONField()
    """By language: headline, what, where, instruction."""
    level = models.PositiveSmallIntegerField(null=True)
    """Proposed level; null: the author chooses."""
    lasts_h = models.PositiveSmallIntegerField()
    is_declared = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    basis = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.CharField(max_length=200)
    """Key of the actor."""
    created = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["key", "valid_from"], name="template_of"),)


class Policy(models.Model):
    """How this locality orders warnings, in force [valid_from, valid_to); versions are only ended."""

    may_approve_own = models.BooleanField(default=False)
    remind_after_s = models.PositiveIntegerField()
    escalate_after_s = models.PositiveIntegerField()
    expiry_notice_s = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)
    made_by = models.CharField(max_length=200)
    """Key of the actor."""
    created = models.DateTimeField()


class Counter(models.Model):
    """The last number given in a year, real and exercise apart."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField(default=0)
