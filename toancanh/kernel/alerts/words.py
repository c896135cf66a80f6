"""Alerts in words: severities, states, what was measured and what was done."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import get_language, gettext

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import composing
from toancanh.kernel.alerts.models import Alert, Chapter
from toancanh.kernel.declare import Bands, Condition, Either, Every, Limit, Line, SeriesType, Silence
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import said
from toancanh.lib.errors import Refused
from toancanh.web import formats

_ = gettext


def title(key: str) -> str:
    """What the rule calls it; its key where the domain is no longer here."""
    rule = catalogue.alert_rules().get(key)
    return said(rule.title) if rule else key


def kind(key: str) -> str:
    """What a kind of things is called; its key where the domain is no longer here."""
    found = catalogue.thing_type(key)
    return said(found.title) if found else key


def severity(number: int) -> str:
    """The word of a severity."""
    return {1: _("Watch"), 2: _("Serious"), 3: _("Urgent")}.get(number, str(number))


def state(name: str) -> str:
    """The word of a state."""
    words = {"open": _("Nobody has acknowledged"), "acknowledged": _("Acknowledged"), "closed": _("Closed")}
    return words.get(name, name)


def chapter(one: Chapter) -> str:
    """What happened, as a line of the story begins."""
    words = {
        "opened": _("Rang"),
        "raised": _("Became worse"),
        "lowered": _("Became milder"),
        "acknowledged": _("Acknowledged"),
        "noted": _("Note"),
        "muted": _("Station under maintenance"),
        "part_muted": _("Left out: a station that it also reads is under maintenance"),
        "told": _("Told to who is on duty"),
        "escalated": _("Nobody acknowledged: passed on to the next level"),
        "unfilled": _("Nobody is on duty at this level"),
        "closed": _("Closed by hand") if one.person_id else _("Closed by itself: the condition has ended"),
        "over": _("The condition has ended"),
        "learned": _("Known afterwards: its readings came too late, nobody was told"),
    }
    return words.get(one.what, one.what)


def passage(one: Chapter) -> str:
    """The rest of the line; of a step of escalation "1 · Duty officer" is kept, in no language."""
    level, dot, rest = one.text.partition(" · ")
    if one.what in ("told", "escalated", "unfilled") and dot and level.isdigit():
        return f"{_('Level %(n)s') % {'n': level}} · {rest}"
    return one.text


def declared(alert: Alert) -> SeriesType | None:
    """What the series is, as its kind declares it."""
    try:
        return composing.declared(alert.thing.kind, alert.series)
    except Refused:
        return None


def reading(alert: Alert, value: float | None = None) -> str:
    """What was measured when it rang, such as ``2,10 m, trên BĐ2 0,10 m``; or another value of the same."""
    language = get_language() or "vi"
    if alert.of == "silence":
        since = formats.clock_time(alert.since, clock.now(), language)
        return _("No reading since %(time)s") % {"time": since}
    shown = alert.value if value is None else value
    series = declared(alert)
    if shown is None or series is None:
        return ""
    if alert.of == "rate":
        rate = formats.number(shown, series.precision, language)
        return _("Rising %(rate)s %(unit)s an hour") % {"rate": rate, "unit": series.unit}
    if alert.of == "sum":
        amount = formats.number(shown, series.precision, language)
        return _("%(amount)s %(unit)s in %(span)s") % {
            "amount": amount,
            "unit": series.unit,
            "span": span(window(alert)),
        }
    if series.sentence is not None and alert.limit is not None and alert.line:
        return series.sentence(shown, (Limit(name=alert.line, value=alert.limit, verified=True),), language)
    return f"{formats.number(shown, series.precision, language)} {series.unit}"


def peak(alert: Alert) -> str:
    """The most extreme quantity while it rang."""
    return reading(alert, alert.peak) if alert.peak is not None else ""


def window(alert: Alert) -> int:
    """Seconds over which its rule adds up."""
    return int(alert.rule.condition.get("window_s", 0))


def span(seconds: float) -> str:
    """12 h, 30 min, 45 s: in the greatest unit that divides it."""
    whole = int(seconds)
    if whole and whole % 3600 == 0:
        return _("%(n)s h") % {"n": whole // 3600}
    if whole and whole % 60 == 0:
        return _("%(n)s min") % {"n": whole // 60}
    return _("%(n)s s") % {"n": whole}


def lasted(alert: Alert) -> str:
    """How long it has been standing or stood."""
    if alert.known_afterwards and alert.over_at is not None:
        return about(alert.over_at - alert.since)
    end = alert.closed_at or clock.now()
    return about(end - alert.opened_at)


def about(time: timedelta) -> str:
    """2 h 05 min: to the minute."""
    minutes = max(0, round(time / timedelta(minutes=1)))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(n)s min") % {"n": rest}
    return _("%(h)s h %(m)s min") % {"h": hours, "m": f"{rest:02d}"}


def condition(what: Condition, kind: str) -> list[str]:
    """A condition as lines that people read."""
    if isinstance(what, Every | Either):
        joined = _("All of these at once:") if isinstance(what, Every) else _("Any one of these:")
        lines = []
        for part in what.parts:
            told = condition(part, kind)
            if isinstance(part, Every | Either):
                lines += told
            else:
                of = "silence" if isinstance(part, Silence) else part.of
                lines.append(f"• {composing.title(kind, (of, part.series))} – {'; '.join(told)}")
        return [joined, *lines]
    if isinstance(what, Silence):
        return [
            _("%(severity)s: nothing heard for %(span)s") % _severe(what.severity, span=span(what.after_s))
        ]
    unit = composing.unit(kind, what.series)
    return [*(_line(what, line, unit) for line in what.lines), *_manner(what, unit)]


def _line(bands: Bands, line: Line, unit: str) -> str:
    language = get_language() or "vi"
    at = line.at if isinstance(line.at, str) else f"{formats.number(line.at, None, language)} {unit}"
    if bands.of == "rate":
        return _("%(severity)s: rising %(at)s an hour") % _severe(line.severity, at=at)
    if bands.of == "sum":
        said = _severe(line.severity, at=at, span=span(bands.window_s))
        return _("%(severity)s: %(at)s in %(span)s") % said
    if bands.falls:
        return _("%(severity)s: at most %(at)s") % _severe(line.severity, at=at)
    return _("%(severity)s: at least %(at)s") % _severe(line.severity, at=at)


def _manner(bands: Bands, unit: str) -> list[str]:
    language = get_language() or "vi"
    said = []
    if bands.hold_s:
        said.append(_("held for %(span)s") % {"span": span(bands.hold_s)})
    if bands.hysteresis or bands.calm_s:
        back = f"{formats.number(bands.hysteresis, None, language)} {unit}"
        said.append(
            _("ends %(back)s behind the line for %(span)s") % {"back": back, "span": span(bands.calm_s)}
        )
    if bands.spike is not None:
        leap = f"{formats.number(bands.spike, None, language)} {unit}"
        if bands.spike_s:
            confirmed = {"leap": leap, "span": span(bands.spike_s)}
            said.append(_("a leap over %(leap)s is confirmed for %(span)s") % confirmed)
        else:
            said.append(_("a leap over %(leap)s is confirmed first") % {"leap": leap})
    if bands.ebb is not None:
        said.append(
            _("a wave is over once %(share)s%% of its height is lost") % {"share": round(bands.ebb * 100)}
        )
    return [", ".join(said)] if said else []


def _severe(number: int, **more: str) -> dict[str, str]:
    return {"severity": severity(number), **more}
