"""Numbers and addresses of an account, and by which channels its person wants to be told."""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.notify.models import Subscription
from toancanh.kernel.people.models import Person


class Reach(models.Model):
    """What somebody said about reaching him. Without a row the account's e-mail address is all there is."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="reach")
    sealed = models.TextField()
    """By kind of address, as `runtime.secrets` seals it."""
    hints: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """By kind of address what a list shows of it."""
    channels: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Names of the channels that he chose."""
    language = models.CharField(max_length=2, default="vi")
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=100)
    """`Actor.key`."""


class Device(models.Model):
    """A browser in which somebody is told; it is gone once its push service no longer knows it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="devices")
    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="device")
    name = models.CharField(max_length=60)
    """Browser and system, for its person to know it by."""
    made_at = models.DateTimeField()
