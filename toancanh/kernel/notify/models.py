"""Messages, what becomes of each copy, how channels are set up, and who subscribed."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from toancanh.kernel.territory.models import Unit


class State(models.TextChoices):
    """Of one delivery. ``handed``: the gateway has it; ``received``: it says that the person has."""

    WAITING = "waiting"
    HANDED = "handed"
    RECEIVED = "received"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Notice(models.Model):
    """A message as it was handed in."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, db_index=True)
    title_vi = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    body_vi = models.TextField()
    body_en = models.TextField()
    link = models.CharField(max_length=500, blank=True)
    urgency = models.CharField(max_length=10)
    rank = models.PositiveSmallIntegerField()
    """Of the urgency, as a number that sorts."""
    is_exercise = models.BooleanField()
    unit_path = models.CharField(max_length=60, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    """`Actor.key`."""
    expires_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    because = models.CharField(max_length=200, blank=True)
    """Why it was taken back."""


class Delivery(models.Model):
    """One message on its way to one recipient by one channel."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, db_index=False, related_name="deliveries")
    recipient = models.CharField(max_length=100)
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=300)
    language = models.CharField(max_length=2)
    name = models.CharField(max_length=150, blank=True)
    link = models.CharField(max_length=200, blank=True)
    """The recipient's own, where he has one."""
    reference = models.CharField(max_length=32, unique=True)
    """`messages.reference`: what makes a second row of the same delivery impossible."""
    rank = models.PositiveSmallIntegerField()
    """Of its message's urgency."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    next_at = models.DateTimeField(null=True)
    """When it is tried next, a lease while somebody tries; once handed, when its receipt is asked for."""
    holder = models.CharField(max_length=230, blank=True)
    """Slot of the process that tries, and a word of its own for each slice."""
    attempts = models.PositiveSmallIntegerField(default=0)
    peer_id = models.CharField(max_length=100, blank=True)
    """What the gateway calls it."""
    handed_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    """When it failed, expired or was taken back."""
    reason = models.CharField(max_length=30, blank=True)
    """A key of `reasons.WORDS`: why it failed, or why the last attempt did."""
    said = models.CharField(max_length=200, blank=True)
    """What the other side said of it."""

    class Meta:
        indexes = (
            models.Index(fields=["notice", "id"], name="delivery_notice"),
            models.Index(
                fields=["channel", "rank", "next_at"], name="delivery_due", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["channel", "next_at"],
                name="delivery_asked",
                condition=Q(state="handed", next_at__isnull=False),
            ),
            models.Index(fields=["channel", "peer_id"], name="delivery_peer", condition=~Q(peer_id="")),
            models.Index(
                fields=["notice", "state", "id"],
                name="delivery_missed",
                condition=Q(state__in=["failed", "expired"]),
            ),
        )


class Tally(models.Model):
    """How many deliveries of a message are in a state: kept with every change, never counted again."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="tallies")
    channel = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["notice", "channel", "state"], name="tally_once"),)


class Spread(models.Model):
    """A named list on its way into deliveries, slice by slice."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="spreads")
    source = models.CharField(max_length=60)
    args: models.JSONField[Any, Any] = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    """Of source and args: the same list asked for twice is one."""
    after = models.CharField(max_length=100, blank=True)
    """Key of the last recipient that has its rows."""
    next_at = models.DateTimeField(null=True, db_index=True)
    """When somebody goes on with it, a lease while somebody does; null once everyone has a row."""
    fault = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["notice", "digest"], name="spread_once"),)


class EarlyReceipt(models.Model):
    """A receipt for a number of the gateway's that nobody has noted yet: its answer is still on the way."""

    channel = models.CharField(max_length=20)
    peer_id = models.CharField(max_length=100)
    state = models.CharField(max_length=10)
    said = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["channel", "peer_id"], name="early_once"),)


class Answered(models.Model):
    """An answer of a person's that was passed on; kept for a while, so that twice is once."""

    channel = models.CharField(max_length=20)
    peer_id = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["channel", "peer_id"], name="answered_once"),)


class Setup(models.Model):
    """How a channel is set up here, and how it does."""

    channel = models.CharField(max_length=20, unique=True)
    is_on = models.BooleanField(default=False)
    values: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What is not secret, by the names of the channel's fields."""
    sealed = models.TextField(blank=True)
    """The secrets, as `runtime.secrets` seals them."""
    secret_names: models.JSONField[Any, Any] = models.JSONField(default=list)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1)
    """Grows with every change: a sender that was opened before is opened anew."""

    paused_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    """Slices in a row in which the other side as a whole did not answer."""
    failing_since = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, blank=True)
    said = models.CharField(max_length=200, blank=True)
    worked_at = models.DateTimeField(null=True)


class Subscription(models.Model):
    """A browser that takes pushes: of the communes that it wants, and then nobody knows whose it is, or of
    somebody with an account (`contacts.officers.Device`)."""

    endpoint = models.CharField(max_length=600, unique=True)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=30)
    language = models.CharField(max_length=2)
    created = models.DateTimeField()
    changed_at = models.DateTimeField()
    last_ok = models.DateTimeField(null=True)
    """When its push service last took a message for it."""


class Wanted(models.Model):
    """A commune that a subscription asks for: the unit as it was that day, so that mergers do not lose it."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, db_index=False, related_name="wanted"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, db_index=False, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["subscription", "unit"], name="wanted_once"),)
        indexes = (models.Index(fields=["unit", "subscription"], name="wanted_unit"),)
