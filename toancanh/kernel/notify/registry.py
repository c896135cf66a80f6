"""Which channels and which lists of recipients there are: named by the settings of the site.

A channel of a module that lies above this one (sirens) is contributed there, as are its lists.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from toancanh.kernel.notify.channels import Channel
from toancanh.kernel.notify.messages import Source
from toancanh.lib.errors import NotFound


@lru_cache(maxsize=1)
def channels() -> dict[str, Channel]:
    """Every channel by name, in the order of the settings."""
    found = [cast(Channel, import_string(path)) for path in settings.CHANNELS]
    return {channel.name: channel for channel in found}


def channel(name: str) -> Channel:
    """The channel of that name; raises NotFound."""
    found = channels().get(name)
    if found is None:
        raise NotFound(_("There is no channel named %(name)s.") % {"name": name[:40]})
    return found


@lru_cache(maxsize=1)
def sources() -> dict[str, Source]:
    """Every list of recipients by name."""
    return {name: cast(Source, import_string(path)) for name, path in settings.RECIPIENTS.items()}


def source(name: str) -> Source:
    """The list of that name; raises NotFound."""
    found = sources().get(name)
    if found is None:
        raise NotFound(_("There is no list of recipients named %(name)s.") % {"name": name[:60]})
    return found


@lru_cache(maxsize=1)
def listeners() -> tuple[Callable[[str, str], int], ...]:
    """Who is told what people answer: takes number and text, says for how many that settled something."""
    return tuple(cast(Callable[[str, str], int], import_string(path)) for path in settings.REPLIES)
