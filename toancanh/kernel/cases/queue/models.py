"""Filters of the queue that somebody keeps under a name."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from toancanh.kernel.people.models import Organisation, Person


class SavedView(models.Model):
    """A view of one person, or of all who work in an organisation and below it."""

    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    """Whose it is; null where it is an organisation's."""
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    folded = models.CharField(max_length=60)
    """Without marks: of one owner no two names differ in marks alone."""
    wish: models.JSONField[Any, Any] = models.JSONField()
    """Parameters of the address, as they were when it was kept."""
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=100)
    """`Actor.key`; the journal has the name."""

    class Meta:
        app_label = "cases"
        constraints = (
            models.CheckConstraint(
                condition=Q(person=None) ^ Q(organisation=None), name="work_view_of_one_owner"
            ),
            models.UniqueConstraint(fields=["person", "folded"], name="work_view_of_person"),
            models.UniqueConstraint(fields=["organisation", "folded"], name="work_view_of_organisation"),
        )

    def __str__(self) -> str:
        return self.name


class FirstView(models.Model):
    """With which view the list opens for a person."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        app_label = "cases"
