"""Entries that are never changed, the chain that proves it, and the outbox."""

from django.db import models


class Entry(models.Model):
    """One thing that happened. ``content`` is canonical JSON; ``digest`` covers every other field."""

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=200)
    post = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=80)
    subject = models.CharField(max_length=200, db_index=True)
    request = models.CharField(max_length=40, blank=True)
    content = models.TextField()
    digest = models.CharField(max_length=64)


class Link(models.Model):
    """Where an entry stands in the chain: written once by the sealer, in commit order."""

    number = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="link")
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()


class Event(models.Model):
    """What must follow from a committed change: delivered at least once, idempotent by key."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    created = models.DateTimeField()
    next_at = models.DateTimeField(null=True, db_index=True)
    """When to try next; null once done."""
    holder = models.CharField(max_length=230, blank=True)
    """Place of the process that delivers it now; empty while it waits, and once it is done."""
    attempts = models.PositiveIntegerField(default=0)
    fault = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["name", "key"], name="event_once"),)
