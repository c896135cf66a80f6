"""Who of us is signed in to the outside broker, and how it goes there."""

from __future__ import annotations

from django.db import models


class BrokerSeat(models.Model):
    """A client name at the broker: it has a session there, and one process at a time sits on it."""

    number = models.PositiveIntegerField(unique=True)
    client = models.CharField(max_length=60)
    address = models.CharField(max_length=300)
    """Of the broker, without user and password."""
    user = models.CharField(max_length=100, blank=True)
    group = models.CharField(max_length=60, blank=True)
    """Of the shared subscription that the session has; empty: it hears everything alone."""
    holder = models.CharField(max_length=120)
    """Machine and process that sit on it, or sat on it last."""
    seen_at = models.DateTimeField()
    connected_at = models.DateTimeField(null=True)
    """Since when it is connected; null: it is not."""
    reconnects = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=20, blank=True)
    """A key of ``troubles.WORDS``; stays after the connection is made anew until all is well."""
    said = models.CharField(max_length=300, blank=True)
    """What the broker or the system said of it."""
    trouble_at = models.DateTimeField(null=True)
    messages = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    in_flight = models.PositiveIntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=5)
    """Of MQTT: 5, or 4 for 3.1.1."""
