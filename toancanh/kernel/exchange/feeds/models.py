"""Feeds: where readings are fetched, how they are read, when, and how it went."""

from __future__ import annotations

from typing import Any

from django.db import models


class Brings(models.TextChoices):
    """What a feed is read for."""

    READINGS = "readings"
    WARNINGS = "warnings"
    """CAP messages of other centres."""


class Feed(models.Model):
    """One address that is fetched by a schedule."""

    brings = models.CharField(max_length=10, choices=Brings.choices, default=Brings.READINGS)
    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=1000)
    """Without its secret parameters."""
    headers: models.JSONField[Any, Any] = models.JSONField(default=dict)
    secret_names: models.JSONField[Any, Any] = models.JSONField(default=list)
    """What the secrets are called: headers by their name, parameters of the address led by ``?``."""
    sealed = models.TextField(blank=True)
    """The secrets by these names, as `runtime.secrets` seals them."""
    schedule = models.CharField(max_length=60)
    """A cron line in the time of Việt Nam."""
    quiet = models.PositiveIntegerField(default=0)
    """Hours without a new reading after which somebody is told; 0: never."""
    mapping: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A `sheets.mapping.Mapping`; null until somebody has said yes to one."""
    replaces = models.BooleanField(default=False)
    """Values that are there already are corrected instead of refused."""
    passes_over = models.BooleanField(default=False)
    """Rows of stations that are not ours are neither taken nor refused."""
    scope: models.JSONField[Any, Any] = models.JSONField()
    """Paths of the units whose things it may fill: those of whoever arranged it last."""
    root = models.CharField(max_length=200, blank=True, db_index=True)
    """The lowest path above all of these: who stands over it sees the feed."""
    actor = models.CharField(max_length=100)
    """`Actor.key` of who arranged it last."""
    made_by = models.CharField(max_length=100)
    """As people read it."""
    made_at = models.DateTimeField()
    way = models.CharField(max_length=100, blank=True)
    """Name of the token under which its readings come in."""

    is_on = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True, db_index=True)
    """When it is fetched next, a lease while somebody fetches; null while it is off."""
    planned_at = models.DateTimeField(null=True)
    """When `next_at` was set: where that lies ahead, the clock was set back since."""
    holder = models.CharField(max_length=32, blank=True)
    is_wanted = models.BooleanField(default=False)
    """Somebody asked for the coming fetch by hand."""

    fetched_at = models.DateTimeField(null=True)
    new_at = models.DateTimeField(null=True)
    """When it last brought a reading that was not there, or was turned on."""
    newest_us = models.BigIntegerField(null=True)
    """Time of the newest reading it brought."""
    failures = models.PositiveIntegerField(default=0)
    """Fetches that failed since the last that did not."""
    failing_since = models.DateTimeField(null=True)
    fault = models.CharField(max_length=30, blank=True)
    """A key of `faults.WORDS`."""
    said = models.CharField(max_length=300, blank=True)
    """What was said of it by whom it came from."""

    digest = models.CharField(max_length=64, blank=True)
    """Of the answer that was taken last: the same one needs no second look."""
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    revision = models.BigIntegerField(default=0)
    """Of the directory by which that answer was judged."""


class Outcome(models.TextChoices):
    """What became of one fetch."""

    TAKEN = "taken"
    NOTHING = "nothing"
    UNCHANGED = "unchanged"
    FAILED = "failed"


class Run(models.Model):
    """One fetch of a feed. Only the newest are kept."""

    of = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    by_hand = models.BooleanField(default=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    status = models.PositiveIntegerField(default=0)
    """Of the answer; 0 where none came."""
    size = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    corrected = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(default=0)
    reasons: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """Codes of what was refused, and how often."""
    lacking: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Columns of the mapping that this answer did not have."""
    fault = models.CharField(max_length=30, blank=True)
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (models.Index(fields=["of", "-id"], name="feed_runs_newest_first"),)


class Trial(models.Model):
    """An answer that somebody looks at before anything of it is stored, and how it would be read."""

    of = models.OneToOneField(Feed, on_delete=models.CASCADE, primary_key=True, related_name="trial")
    at = models.DateTimeField()
    status = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    book = models.BinaryField()
    mapping: models.JSONField[Any, Any] = models.JSONField()
    mapping_name = models.CharField(max_length=80, blank=True)
    replaces = models.BooleanField(default=False)
    passes_over = models.BooleanField(default=False)
    preview: models.JSONField[Any, Any] = models.JSONField(null=True)
