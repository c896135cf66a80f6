"""Which packs were loaded, and which unit this installation serves."""

from django.db import models

from toancanh.kernel.exchange.broker import models as broker
from toancanh.kernel.exchange.cap import models as cap
from toancanh.kernel.exchange.feeds import models as feeds
from toancanh.kernel.exchange.inbox import models as inbox
from toancanh.kernel.exchange.rosters import models as rosters
from toancanh.kernel.exchange.sensorthings import models as sensorthings
from toancanh.kernel.exchange.sheets import models as sheets
from toancanh.kernel.territory.models import Unit

__all__ = ["Pack", "broker", "cap", "feeds", "inbox", "rosters", "sensorthings", "sheets"]


class Pack(models.Model):
    """A locality pack as it was last loaded."""

    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=150)
    title_en = models.CharField(max_length=150)
    version = models.CharField(max_length=30)
    digest = models.CharField(max_length=64)
    """Over all its files: loading the same pack again changes nothing."""
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    loaded_at = models.DateTimeField()
    sources = models.JSONField(default=list)
    """Whose data it is, one line each, shown in the footer of the public pages."""
