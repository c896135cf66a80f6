"""Messages of other centres as they came, and which earlier ones they speak of."""

from __future__ import annotations

from typing import Any

from django.db import models


class Received(models.Model):
    """One message, told apart by sender, identifier and moment of sending. Its content is never changed."""

    feed = models.ForeignKey("exchange.Feed", null=True, on_delete=models.SET_NULL, related_name="messages")
    """Null: a person brought it as a file, or the feed was deleted."""
    origin = models.CharField(max_length=200)
    """Name of the feed or of the file, as it was then."""
    link = models.CharField(max_length=500, blank=True)
    """Where a feed said that it stands."""
    received_at = models.DateTimeField()
    taken_by = models.CharField(max_length=200, blank=True)
    """Key of the actor who brought the file."""

    sender = models.CharField(max_length=200, blank=True)
    identifier = models.CharField(max_length=200, blank=True)
    """Empty where it could not be understood: then only `remarks` and `original` say something."""
    sent = models.DateTimeField(null=True)
    version = models.CharField(max_length=10)
    status = models.CharField(max_length=12, blank=True)
    msg_type = models.CharField(max_length=12, blank=True)
    severity = models.PositiveSmallIntegerField(default=0)
    """The worst of its blocks: 4 extreme, 3 severe, 2 moderate, 1 minor, 0 unknown."""
    event = models.CharField(max_length=200, blank=True)
    headline = models.CharField(max_length=300, blank=True)
    """Both as the block in Vietnamese has them, else the first."""
    expires = models.DateTimeField(null=True)
    message: models.JSONField[Any, Any] = models.JSONField(null=True)
    """All of it, as `toancanh.lib.cap.message.Alert`."""
    remarks: models.JSONField[Any, Any] = models.JSONField(default=list)
    """What breaks the schema (``fault``) or the guidance (``note``): rows of kind, code, at, line, said."""
    is_signed = models.BooleanField(default=False)
    original = models.BinaryField()
    """The text as it came, packed by zlib."""
    digest = models.CharField(max_length=64)
    """Of that text."""
    replaced_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    """The newest update or cancellation that speaks of it."""
    other_text_at = models.DateTimeField(null=True)
    """When another text came under the same name; the first one stays."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["sender", "identifier", "sent"],
                name="received_once",
                condition=~models.Q(identifier=""),
            ),
            models.UniqueConstraint(
                fields=["digest"], name="received_unread_once", condition=models.Q(identifier="")
            ),
        )
        indexes = (
            models.Index(fields=["-received_at", "-id"], name="received_newest"),
            models.Index(fields=["feed", "link"], name="received_link"),
        )


class Cited(models.Model):
    """One earlier message that a received one speaks of, whether or not we hold it."""

    by = models.ForeignKey(Received, on_delete=models.CASCADE, related_name="cites")
    sender = models.CharField(max_length=200)
    identifier = models.CharField(max_length=200)
    sent = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["sender", "identifier", "sent"], name="cited_message"),)
