"""Photos of a report that came with it, or are fetched from where its sender says they lie."""

from __future__ import annotations

from threading import BoundedSemaphore

from django.utils.translation import gettext as _

from toancanh.domains.reports import actions, sending
from toancanh.domains.reports.open311.answers import TooMany
from toancanh.domains.reports.open311.bodies import Body
from toancanh.kernel.runtime import egress
from toancanh.kernel.runtime.egress import Asked, Limits, Stopped
from toancanh.lib.errors import Refused

LARGEST = 12 * 1024 * 1024
LIMITS = Limits(bytes=LARGEST, seconds=20.0, redirects=3)
AT_ONCE = BoundedSemaphore(4)
"""Each fetch holds a thread while it waits for others."""
TOLD_SO = ("bad_url", "bad_scheme", "userinfo", "too_slow", "too_large", "redirect")
"""Reasons that tell a caller nothing about the network in which this program stands."""


def keep(body: Body, key: str) -> tuple[str, ...]:
    """Keep every photo under a key made of that of the report. Raises Refused, before anything is opened."""
    if len(body.files) + len(body.urls) > sending.MOST_PHOTOS:
        raise Refused(_("At most 5 photos go with a report."), "too_many_photos")
    found = [*body.files, *(("media_url.jpg", _fetched(url)) for url in body.urls)]
    keys = tuple(f"{key[:60]}-{number}" for number in range(len(found)))
    for own, (name, content) in zip(keys, found, strict=True):
        actions.photo(content, name, own)
    return keys


def _fetched(url: str) -> bytes:
    if not AT_ONCE.acquire(blocking=False):
        raise TooMany(_("Several photos are being fetched just now. Send it again in a moment."), 5)
    try:
        found = egress.door().fetch(Asked(url=url), LIMITS)
    except Stopped as fault:
        why = fault.message if fault.code in TOLD_SO else _("there is no photo that can be reached.")
        raise _refused(why) from fault
    finally:
        AT_ONCE.release()
    if found.status != 200:
        raise _refused(_("the other side answers %(status)s.") % {"status": found.status})
    return found.body


def _refused(why: str) -> Refused:
    text = _(
        "The photo at media_url could not be fetched: %(why)s "
        "Send it as a file in the field media, or leave media_url out; nothing was kept."
    )
    return Refused(text % {"why": why}, "media_url")
