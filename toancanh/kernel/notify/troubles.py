"""What is wrong with channels, for the page about the system and for `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.notify import reasons, registry
from toancanh.kernel.notify.models import Setup
from toancanh.lib.trouble import Trouble
from toancanh.web import formats

AFTER = timedelta(minutes=2)
"""For which the other side may be away before anybody is told."""


def found(now: datetime) -> Iterator[Trouble]:
    """Channels that are on and whose other side takes nothing. One query."""
    language = get_language() or "vi"
    for setup in Setup.objects.filter(is_on=True, failing_since__lte=now - AFTER).exclude(reason=""):
        channel = registry.channels().get(setup.channel)
        if channel is None or setup.failing_since is None:
            continue
        what = _("The channel “%(name)s” hands nothing over since %(since)s; messages wait.")
        since = formats.clock_time(setup.failing_since, now, language)
        page = _("Look at its page: /console/messages/channels/%(name)s/") % {"name": channel.name}
        facts = {"name": channel.title, "since": since}
        yield Trouble(
            "channel_failing", True, what % facts, f"{reasons.words(setup.reason, setup.said)} {page}"
        )
