"""What processes tell each other through the store: revisions, facts about it as a whole, that they live."""

from django.db import models


class Revision(models.Model):
    """A number that grows with every change of what ``name`` stands for."""

    name = models.CharField(max_length=40, primary_key=True)
    number = models.BigIntegerField(default=0)


class Mark(models.Model):
    """A fact about this store as a whole, such as that it holds a demo city."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.CharField(max_length=200)


class Process(models.Model):
    """A running role of the program, as it last told; who starts again in its place takes the row."""

    slot = models.CharField(max_length=200, primary_key=True)
    """``role@host:port``."""
    role = models.CharField(max_length=20, blank=True)
    """Empty: everything in one process."""
    host = models.CharField(max_length=100)
    port = models.PositiveIntegerField()
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=40)
    since = models.DateTimeField()
    seen = models.DateTimeField(db_index=True)
    figures = models.JSONField(default=dict)
    """What it counts, by name: numbers and short words."""
    fault = models.CharField(max_length=300, blank=True)
    """The newest line of its log that tells of an error."""
    fault_at = models.DateTimeField(null=True)
