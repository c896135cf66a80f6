"""Administrative units as dated rows: a code alone names nothing, a code and a date do.

Codes are reused with another meaning (19333 was Phường 1 of Đông Hà, since 1/7/2025 it is Phường Đông Hà).
"""

from django.db import models

from toancanh.kernel.territory.calendars import models as calendars

__all__ = ["Boundary", "Lineage", "Tier", "Unit", "Zone", "calendars"]


class Tier(models.TextChoices):
    """Levels of government; districts ended on 1 July 2025 and live on in history."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class Unit(models.Model):
    """One administrative unit for as long as it was one: [valid_from, valid_to)."""

    code = models.CharField(max_length=5)
    tier = models.CharField(max_length=10, choices=Tier.choices)
    name = models.CharField(max_length=100)
    full_name = models.CharField(max_length=120)
    full_name_en = models.CharField(max_length=120)
    folded = models.CharField(max_length=120, db_index=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=60, db_index=True)
    """Primary keys from the root down, such as ``3/17/``: a subtree is a prefix."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    legal_basis = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=300, blank=True)
    """What is not established about this row."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["code", "valid_from"], name="unit_code_from"),)

    def __str__(self) -> str:
        return self.full_name


class Lineage(models.Model):
    """What became of a unit: merged, split, renamed."""

    predecessor = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="succession")
    successor = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="origins")
    on = models.DateField()
    kind = models.CharField(max_length=10)
    legal_basis = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["predecessor", "successor"], name="lineage_once"),)


class Boundary(models.Model):
    """The outline of a unit, WGS 84 longitude and latitude, as GeoJSON geometry."""

    unit = models.OneToOneField(Unit, on_delete=models.CASCADE, related_name="boundary")
    geometry = models.TextField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    center_lon = models.FloatField()
    center_lat = models.FloatField()
    source = models.CharField(max_length=300)


class Zone(models.Model):
    """A part of the country that every national view must show: Hoàng Sa, Trường Sa."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    geometry = models.TextField()
    source = models.CharField(max_length=300)
