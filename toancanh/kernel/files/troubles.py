"""What is wrong with files, for whoever keeps the installation running."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.files.models import File, State
from toancanh.lib.trouble import Trouble
from toancanh.web import formats

LONG = timedelta(minutes=10)
"""A file is looked at within seconds; a thousand photos at once take a few minutes."""


def found(now: datetime) -> Iterator[Trouble]:
    """Files that wait although a worker should have seen to them."""
    waiting = File.objects.filter(next_at__isnull=False, state=State.WAITING, made_at__lt=now - LONG)
    told = waiting.aggregate(count=Count("pk"), since=Min("made_at"))
    if told["count"]:
        since = formats.moment(told["since"], get_language() or "vi")
        what = _("%(count)s files that people sent wait to be checked, the oldest since %(since)s.")
        mend = _("See whether a worker runs and has memory left; until then nobody sees these files.")
        yield Trouble("files_waiting", False, what % {"count": told["count"], "since": since}, mend)
