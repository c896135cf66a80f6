"""Words, small charts and QR codes of the pages about devices."""

from __future__ import annotations

from collections.abc import Sequence

import segno
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices import words
from toancanh.web import formats

register = template.Library()
register.filter("reason", words.reason)
register.filter("command_state", words.command)
register.filter("door_name", words.door)
register.filter("scope", words.scope)
register.filter("state_name", words.state)
register.filter("from_us", clock.from_us)

HEIGHT = 20


@register.simple_tag
def spark(bars: Sequence[int]) -> SafeString:
    """Rows by five minutes as a small chart; its highest bar is told in words."""
    most = max(bars, default=0)
    text = _("Readings of the last six hours; at most %(n)s a minute") % {
        "n": formats.number(most / 5, 0 if most >= 50 else 1, get_language() or "vi")
    }
    path = "".join(
        f"M{x} {HEIGHT}v-{max(1, round(bar * HEIGHT / most))}" for x, bar in enumerate(bars) if bar
    )
    return format_html(
        '<svg class="tc-spark" viewBox="-0.5 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="M-0.5 {}H{}"/><path d="{}"/></svg>',
        len(bars),
        HEIGHT,
        text,
        HEIGHT,
        len(bars),
        path,
    )


@register.simple_tag
def qr(text: str, label: str) -> SafeString:
    """A QR code as an inline drawing, dark on white in either theme because phones expect that."""
    drawn = segno.make(text, error="l", micro=False).svg_inline(
        border=3, light="#fff", dark="#000", omitsize=True
    )
    # The drawing holds squares alone: no part of the text stands in it.
    return format_html('<div class="tc-qr" role="img" aria-label="{}">{}</div>', label, mark_safe(drawn))


@register.filter
def period(seconds: int) -> str:
    """{{ 300|period }} -> 5 minutes, in the largest unit that divides it."""
    if seconds % 86_400 == 0:
        return ngettext("%(n)s day", "%(n)s days", seconds // 86_400) % {"n": seconds // 86_400}
    if seconds % 3600 == 0:
        return ngettext("%(n)s hour", "%(n)s hours", seconds // 3600) % {"n": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("%(n)s minute", "%(n)s minutes", seconds // 60) % {"n": seconds // 60}
    return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
