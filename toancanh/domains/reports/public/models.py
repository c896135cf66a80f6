"""What the locality has decided to make public beside the reports themselves."""

from __future__ import annotations

from django.db import models


class Disclosure(models.Model):
    """Whether figures by organisation and category are public, from a moment on. Rows are only added."""

    since = models.DateTimeField(db_index=True)
    figures = models.BooleanField()
    reason = models.CharField(max_length=300)
    """The decision by which it is so."""
    set_by = models.CharField(max_length=200)

    class Meta:
        db_table = "reports_disclosure"
