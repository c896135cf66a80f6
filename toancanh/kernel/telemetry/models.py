"""What is known of each series: unit, plausible range, period, thresholds. Readings are in the store."""

from django.db import models

from toancanh.kernel.registry.models import Thing


class Series(models.Model):
    """One quantity that one thing measures."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="series")
    name = models.CharField(max_length=60)
    unit = models.CharField(max_length=20)
    low = models.FloatField()
    high = models.FloatField()
    period_s = models.PositiveIntegerField()
    """Seconds between readings: silent after twice that."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["thing", "name"], name="series_once"),)


class Threshold(models.Model):
    """A level with a name and a legal basis, in force [valid_from, valid_to); alerts will read these."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="thresholds")
    name = models.CharField(max_length=40)
    value = models.FloatField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    legal_basis = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300)
    is_verified = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["series", "name", "valid_from"], name="threshold_from"),
        )
