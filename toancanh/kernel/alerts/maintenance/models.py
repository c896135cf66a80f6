"""When which things are worked at, and why."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from toancanh.kernel.people.models import Person
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.territory.models import Unit


class Maintenance(models.Model):
    """Somebody works at things in [starts, ends): at those named, or at every one of a kind."""

    things = models.ManyToManyField(Thing, related_name="maintenance")
    kind = models.CharField(max_length=60, blank=True)
    """Not empty: every thing of the kind …"""
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    """… in this unit and below, everywhere without one."""
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    """Null where the program set it."""
    post = models.CharField(max_length=120, blank=True)
    created = models.DateTimeField()
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    """When a person ended it before its time."""
    settled_at = models.DateTimeField(null=True)
    """When the rules told what stood once it was over; until then that is still owed."""

    class Meta:
        indexes = (
            models.Index(fields=["ends"], name="maintenance_owed", condition=models.Q(settled_at=None)),
            models.Index(fields=["-starts", "-id"], name="maintenance_newest"),
        )

    def state(self, at: datetime) -> str:
        """``coming``, ``now`` or ``over``."""
        if self.ends <= at:
            return "over"
        return "now" if self.starts <= at else "coming"
