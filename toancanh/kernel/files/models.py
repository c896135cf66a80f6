"""A file that somebody sent, and the contents that are kept of it."""

from __future__ import annotations

from django.db import models

OPEN, INTERNAL = 0, 1
"""Levels of confidentiality; a module that knows more of them counts on from here."""


class Kind(models.TextChoices):
    """What a file is to the product, whatever format it came in."""

    IMAGE = "image"
    PDF = "pdf"


class State(models.TextChoices):
    """How far a file has come; only a ready one is ever shown."""

    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"
    DESTROYED = "destroyed"


class Variant(models.TextChoices):
    """Which content of a file."""

    RAW = "raw"
    """As it came, with all that hides in it: until it was checked, and shown to nobody."""
    FULL = "full"
    SMALL = "small"
    PUBLIC = "public"
    """With parts of it covered."""
    PUBLIC_SMALL = "public_small"


class File(models.Model):
    """One sending of one file."""

    made_at = models.DateTimeField(db_index=True)
    made_by = models.CharField(max_length=100)
    key = models.CharField(max_length=100)
    """Of the sending, chosen by the sender: the same again is the same file."""
    subject = models.CharField(max_length=120, blank=True, db_index=True)
    """What it belongs to, such as ``case:12``; empty until something names it."""
    name = models.CharField(max_length=150)
    """As people read it; may be personal, so it stands here alone and never in the journal."""
    kind = models.CharField(max_length=5, choices=Kind.choices)
    media = models.CharField(max_length=40)
    """Media type of what came; of what is shown it stands with the content."""
    sha256 = models.CharField(max_length=64)
    """Of what came."""
    size = models.BigIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    fault = models.CharField(max_length=40, blank=True)
    """Why it was refused; `words.fault` has the sentence."""
    level = models.PositiveSmallIntegerField(default=INTERNAL)
    taken_at = models.DateTimeField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    """When and where the camera says that it was taken: proposals, which a person confirms elsewhere."""
    boxes = models.JSONField(default=list)
    """What is covered in the public version: [x, y, width, height, way] in shares of the picture."""
    next_at = models.DateTimeField(null=True)
    """When a worker may look at it; null once nothing is left to do."""
    attempts = models.PositiveSmallIntegerField(default=0)
    holder = models.CharField(max_length=60, blank=True)
    destroyed_at = models.DateTimeField(null=True)
    destroyed_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["made_by", "key"], name="file_sent_once"),)
        indexes = (
            models.Index(fields=["next_at"], name="file_due", condition=models.Q(next_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready(self) -> bool:
        """Whether it can be shown."""
        return self.state == State.READY

    @property
    def is_image(self) -> bool:
        """Whether it is a picture."""
        return self.kind == Kind.IMAGE


class Content(models.Model):
    """Bytes of a file in one variant; the storage keeps the same bytes once, whoever sent them."""

    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="contents")
    variant = models.CharField(max_length=12, choices=Variant.choices)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    media = models.CharField(max_length=40)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["file", "variant"], name="content_once"),)
