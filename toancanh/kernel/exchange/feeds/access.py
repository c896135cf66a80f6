"""The only way from a number to a feed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.feeds.models import Feed
from toancanh.lib.errors import NotFound


def find(pk: int, *, by: Actor) -> Feed:
    """The feed of that number, where the actor may see it."""
    found = Feed.objects.filter(taking.seen_by(by), pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such feed."))
    return found
