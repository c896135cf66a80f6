"""Things: what stands somewhere, belongs to someone and can be looked up."""

from django.db import models

from toancanh.kernel.people.models import Organisation
from toancanh.kernel.territory.models import Unit


class Thing(models.Model):
    """A gauge, a lamp, a camera, a school: WGS 84 place, owner, administrative unit."""

    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=60, db_index=True)
    """Key of the declared type, such as ``flood.gauge``."""
    name = models.CharField(max_length=150)
    name_en = models.CharField(max_length=150, blank=True)
    folded = models.CharField(max_length=320)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    """Both null: a thing that waits for its place, and is on no map until then."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    is_public = models.BooleanField(default=False)
    is_sample = models.BooleanField(default=False)
    """A stand-in of the demo, marked as such wherever it is seen."""
    is_active = models.BooleanField(default=True)
    position_verified = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)
    """What its domain says about it beyond this, such as the river."""
    source = models.CharField(max_length=300, blank=True)
    pack = models.CharField(max_length=60, blank=True, db_index=True)
    """The locality pack that brought it; empty where somebody registered it."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_placed(self) -> bool:
        """Whether it is known where it stands."""
        return self.lon is not None and self.lat is not None
