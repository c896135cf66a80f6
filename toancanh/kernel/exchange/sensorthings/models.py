"""What SensorThings tells beyond the registry and the store; times of observations are microseconds there.

A thing is `registry.Thing`, a datastream `telemetry.Series`, an observation a reading of the store: the rows
here only add to them. A *derived* row is written from the registry and the catalogue by `deriving` and
follows them; once a client has written or changed it, it is the client's and stays.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry.models import Series

GEOJSON = "application/geo+json"
TEXT = "text/plain"
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


class Described(models.Model):
    """What rows of every kind have."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    properties: models.JSONField[Any, Any] = models.JSONField(null=True)
    is_derived = models.BooleanField(default=False)
    """Follows what it was derived from; a client that changes it sets this to False."""

    class Meta:
        abstract = True


class Shared(Described):
    """What several things or datastreams may point to, and what may point to nothing yet."""

    origin = models.CharField(max_length=150, null=True, unique=True)
    """What it was derived from, such as ``thing:12``; kept when a client changes the row."""
    is_removed = models.BooleanField(default=False)
    """Deleted by a client: told nowhere any more, and kept for what refers to it."""
    made_by = models.CharField(max_length=80, blank=True)
    """`Actor.key` of the client that made it: who may see it while nothing that he sees points to it."""

    class Meta:
        abstract = True


class Placed(Shared):
    """A geometry, or a place in whatever encoding its client knows."""

    encoding_type = models.CharField(max_length=100, default=GEOJSON)
    shape: models.JSONField[Any, Any] = models.JSONField()
    """The ``location`` or ``feature`` as it is told."""
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    """The box around it (`shapes.box`); null where it is no GeoJSON geometry."""

    class Meta:
        abstract = True


class ThingDetail(models.Model):
    """A thing's text; its name is the registry's."""

    thing = models.OneToOneField(Thing, on_delete=models.CASCADE, primary_key=True, related_name="detail")
    description = models.TextField(blank=True)
    properties: models.JSONField[Any, Any] = models.JSONField(null=True)
    is_derived = models.BooleanField(default=False)


class Sensor(Shared):
    """What measures: an instrument, or the kind of one that a domain declares."""

    encoding_type = models.CharField(max_length=100, default=TEXT)
    metadata: models.JSONField[Any, Any] = models.JSONField()


class ObservedProperty(Shared):
    """What is measured."""

    definition = models.CharField(max_length=500)


class FeatureOfInterest(Placed):
    """Of what something is measured: mostly the place where the thing stands."""


class Location(Placed):
    """A place; of the things in ``things`` it is the present one."""

    things = models.ManyToManyField(Thing, related_name="locations")


class HistoricalLocation(models.Model):
    """Where a thing has been from a moment on."""

    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="historical_locations")
    time = models.DateTimeField()
    locations = models.ManyToManyField(Location, related_name="historical_locations")
    feature = models.ForeignKey(
        FeatureOfInterest, null=True, on_delete=models.SET_NULL, related_name="historical_locations"
    )
    """What observations are of that name no feature and were made while the thing was here."""
    is_removed = models.BooleanField(default=False)

    class Meta:
        indexes = (models.Index(fields=["thing", "time"], name="historical_location_of"),)


class Datastream(Described):
    """A series' text, its sensor and what it observes; its id is the series'."""

    series = models.OneToOneField(
        Series, on_delete=models.CASCADE, primary_key=True, related_name="datastream"
    )
    sensor = models.ForeignKey(Sensor, on_delete=models.PROTECT, related_name="datastreams")
    observed_property = models.ForeignKey(
        ObservedProperty, on_delete=models.PROTECT, related_name="datastreams"
    )
    observation_type = models.CharField(max_length=200, default=MEASUREMENT)
    unit_name = models.CharField(max_length=100, null=True)
    unit_symbol = models.CharField(max_length=50, null=True)
    unit_definition = models.CharField(max_length=500, null=True)
    observed_area: models.JSONField[Any, Any] = models.JSONField(null=True)
    phenomenon_time: Period | None = None
    result_time: Period | None = None
    """Of all its observations; no columns, but filled in by `streams.measure`."""


class ObservationDetail(models.Model):
    """What an observation has beyond time and value; most have nothing and no row."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    time = models.BigIntegerField()
    """The key of the reading in the store; where the phenomenon took time, its beginning."""
    phenomenon_end = models.BigIntegerField(null=True)
    result_time = models.BigIntegerField(null=True)
    result: models.JSONField[Any, Any] = models.JSONField(null=True)
    """A result that is no number; the store then holds nothing at that time."""
    result_quality: models.JSONField[Any, Any] = models.JSONField(null=True)
    valid_start = models.BigIntegerField(null=True)
    valid_end = models.BigIntegerField(null=True)
    parameters: models.JSONField[Any, Any] = models.JSONField(null=True)
    feature = models.ForeignKey(
        FeatureOfInterest, null=True, on_delete=models.PROTECT, related_name="observations"
    )
    """Null: that of the thing's place at the time."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["series", "time"], name="observation_detail_once"),)
        indexes = (models.Index(fields=["series", "result_time"], name="observation_detail_result"),)
