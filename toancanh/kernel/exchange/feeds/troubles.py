"""Feeds that bring nothing, for the page of the system's state and for `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.feeds import faults
from toancanh.kernel.exchange.feeds.models import Feed
from toancanh.kernel.runtime import secrets
from toancanh.lib.trouble import Trouble
from toancanh.web import formats

TOLD_AFTER = 3
"""Failures in a row that are nothing to speak of."""


def is_silent(feed: Feed, now: datetime) -> bool:
    """Whether nothing new came for longer than somebody wants to wait."""
    return bool(feed.is_on and feed.quiet and feed.new_at and now - feed.new_at > timedelta(hours=feed.quiet))


def found(now: datetime) -> Iterator[Trouble]:
    """What is wrong with feeds that are on: one query."""
    told = Q(failures__gt=TOLD_AFTER) | Q(quiet__gt=0) | ~Q(sealed="")
    feeds = list(Feed.objects.filter(told, is_on=True).order_by("name"))
    yield from _locked([feed for feed in feeds if feed.sealed])
    language = get_language() or "vi"
    for feed in feeds:
        page = _("Look at its page: /console/feeds/%(number)s/") % {"number": feed.pk}
        if feed.failures > TOLD_AFTER and feed.failing_since is not None:
            what = _("The feed “%(name)s” fails since %(since)s, %(count)s times in a row.")
            since = formats.moment(feed.failing_since, language)
            facts = {"name": feed.name, "since": since, "count": feed.failures}
            yield Trouble("feed_failing", False, what % facts, f"{faults.words(feed.fault)} {page}")
        elif is_silent(feed, now) and feed.new_at is not None:
            what = _("The feed “%(name)s” has brought nothing new since %(since)s.")
            facts = {"name": feed.name, "since": formats.moment(feed.new_at, language)}
            mend = _("Ask whoever serves it whether the stations still measure.")
            yield Trouble("feed_silent", False, what % facts, f"{mend} {page}")


def _locked(feeds: list[Feed]) -> Iterator[Trouble]:
    for feed in feeds:
        try:
            secrets.unseal(feed.sealed)
        except secrets.Locked as fault:
            what = _("The secrets of feeds cannot be decrypted on this machine (%(name)s).")
            yield Trouble("credentials_locked", True, what % {"name": feed.name}, fault.message)
            return
