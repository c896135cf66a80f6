"""Words to begin with: the templates in force, and drafts filled from an alert or the message before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.alerts import words as alert_words
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.declare import Actor, WarningTemplate, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import named
from toancanh.kernel.warnings import content as said
from toancanh.kernel.warnings import policies
from toancanh.kernel.warnings.content import Content, Words
from toancanh.kernel.warnings.levels import HIGHEST
from toancanh.kernel.warnings.models import Kind, Template, Warning
from toancanh.kernel.warnings.texts import LANGUAGES
from toancanh.lib.errors import Refused
from toancanh.web import formats

HOLE = re.compile(r"\{([^{}]*)\}")
BLANKS = {
    "station": {"vi": "[tên trạm]", "en": "[station]"},
    "reading": {"vi": "[trị số đo được]", "en": "[reading]"},
    "peak": {"vi": "[đỉnh đo được]", "en": "[peak]"},
    "place": {"vi": "[xã, phường]", "en": "[commune]"},
    "time": {"vi": "[giờ, ngày]", "en": "[time]"},
}
"""What a template may name, and what stands there for the author to fill where no alert tells it."""
ALL_CLEAR_HOURS = 24


@transaction.atomic
def declare() -> int:
    """Write what the domains declare and the table does not say yet; returns how many versions that made."""
    by, now, made = program("migrate"), clock.now(), 0
    newest: dict[str, Template] = {}
    for row in Template.objects.filter(is_declared=True).order_by("valid_from", "pk"):
        newest[row.key] = row
    for key, one in catalogue.warning_templates().items():
        words, before = {"vi": asdict(one.vi), "en": asdict(one.en)}, newest.get(key)
        if before is not None and (before.words, before.basis, before.lasts_h) == (
            words,
            one.basis,
            one.lasts_h,
        ):
            continue
        Template.objects.filter(key=key, is_declared=True, valid_to=None).update(valid_to=now)
        facts = {"key": key, "words": words, "basis": one.basis, "lasts_h": one.lasts_h}
        Template.objects.create(**facts, is_declared=True, valid_from=now, created=now, made_by=by.key)
        journal.record("warnings.template_declared", f"template:{key}", by=by, content={"words": words})
        made += 1
    return made


def in_force(at: datetime) -> dict[str, Template]:
    """The version that holds at a moment by key."""
    found: dict[str, Template] = {}
    rows = Template.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)
    # What people wrote stands above what is declared, the later above the earlier.
    for row in rows.order_by("-is_declared", "valid_from", "pk"):
        found[row.key] = row
    return found


@transaction.atomic
def set_template(
    key: str,
    words: Mapping[str, Words],
    lasts_h: int,
    level: int | None,
    basis: str,
    reason: str,
    *,
    by: Actor,
) -> Template:
    """Put other words in force from now on; the version before ends there."""
    policies.check(by)
    now = clock.now()
    if key not in catalogue.warning_templates():
        raise Refused(_("There are no such words."), "no_template")
    _check_words(words, lasts_h, level)
    if not reason.strip() or len(reason) > 300 or len(basis) > 300:
        raise Refused(
            _("A change needs a reason; reason and basis have 300 characters at most."), "no_reason"
        )
    Template.objects.filter(key=key, is_declared=False, valid_to=None).update(valid_to=now)
    row = Template.objects.create(
        key=key,
        words={language: asdict(words[language]) for language in LANGUAGES},
        level=level,
        lasts_h=lasts_h,
        valid_from=now,
        basis=basis.strip(),
        reason=reason.strip(),
        made_by=by.key,
        created=now,
    )
    content = {"words": row.words, "level": level, "lasts_h": lasts_h, "reason": row.reason}
    journal.record("warnings.template_set", f"template:{key}", by=by, content=content)
    return row


@transaction.atomic
def drop_template(key: str, reason: str, *, by: Actor) -> None:
    """Let the declared words hold again."""
    policies.check(by)
    if not reason.strip() or len(reason) > 300:
        raise Refused(_("A change needs a reason of at most 300 characters."), "no_reason")
    own = Template.objects.filter(key=key, is_declared=False, valid_to=None)
    if not own.update(valid_to=clock.now()):
        raise Refused(_("Nothing of its own holds here."), "nothing")
    journal.record("warnings.template_dropped", f"template:{key}", by=by, content={"reason": reason.strip()})


def _check_words(words: Mapping[str, Words], lasts_h: int, level: int | None) -> None:
    if not 1 <= lasts_h <= 240:
        raise Refused(_("A warning holds for 1 to 240 hours."), "bad_time")
    if level is not None and not 1 <= level <= HIGHEST:
        raise Refused(_("The disaster-risk level is a number from 1 to 5."), "bad_level")
    for language in LANGUAGES:
        own = words[language]
        if not (own.headline.strip() and own.what.strip() and own.instruction.strip()):
            raise Refused(
                _("Headline, what happens and what to do are needed in both languages."), "no_words"
            )
        if len(own.headline) > said.HEADLINE or any(len(text) > said.WORDS for text in own.all):
            raise Refused(_("A text is too long."), "too_long")
        unknown = {hole for text in own.all for hole in HOLE.findall(text)} - BLANKS.keys()
        if unknown:
            text = _("Only these names stand in braces: %(names)s.")
            raise Refused(text % {"names": ", ".join(f"{{{name}}}" for name in BLANKS)}, "bad_name")


# --- filling


def proposed(alert: Alert) -> str:
    """The key of the words that fit an alert; those of its domain's first event where none names its rule."""
    domain = alert.key.partition(".")[0]
    fitting = [
        key
        for key, one in catalogue.warning_templates().items()
        if one.kind == Kind.ALERT.value and (alert.key in one.rules or key.partition(".")[0] == domain)
    ]
    fitting.sort(key=lambda key: alert.key not in catalogue.warning_templates()[key].rules)
    return fitting[0] if fitting else ""


def from_template(key: str, now: datetime, alert: Alert | None = None) -> Content:
    """A draft's content with the words in force, filled from the alert where there is one."""
    row = in_force(now).get(key)
    if row is None:
        raise Refused(_("There are no such words."), "no_template")
    filled = {own: _filled(row.words[own], facts(alert, own) if alert else {}, own) for own in LANGUAGES}
    return Content(
        event=key.rpartition(".")[0],
        level=row.level,
        vi=filled["vi"],
        en=filled["en"],
        since=alert.since if alert is not None else None,
        units=(alert.thing.unit.code,) if alert is not None else (),
        valid_until=now + timedelta(hours=row.lasts_h),
        template=key,
    )


def blank(event: str) -> Content:
    """A draft's content without words."""
    return Content(event=event)


def following(previous: Warning, kind: str, now: datetime) -> Content:
    """What a message that follows begins with: what stands, or for an all-clear the words that end it."""
    before = said.of(previous)
    if kind != Kind.ALL_CLEAR:
        lasts = (previous.valid_until or now) - (previous.valid_from or now)
        return replace(before, valid_from=None, valid_until=now + max(lasts, timedelta(hours=1)))
    key = ending(previous.event)
    until = now + timedelta(hours=ALL_CLEAR_HOURS)
    if not key:
        return replace(before, valid_from=None, valid_until=until)
    words = from_template(key, now, previous.origin)
    return replace(
        before,
        vi=words.vi,
        en=words.en,
        template=key,
        quotes=(),
        since=None,
        valid_from=None,
        valid_until=until,
    )


def ending(event: str) -> str:
    """The key of the event's words for the all-clear."""
    own = (
        key
        for key, one in catalogue.warning_templates().items()
        if one.kind == Kind.ALL_CLEAR.value and key.rpartition(".")[0] == event
    )
    return next(own, "")


def facts(alert: Alert, language: str) -> dict[str, str]:
    """What an alert tells a template, in a language."""
    with translation.override(language):
        return {
            "station": named(alert.thing),
            "reading": alert_words.reading(alert),
            "peak": alert_words.peak(alert),
            "place": named(alert.thing.unit),
            "time": formats.moment(alert.since, language),
        }


def _filled(words: Mapping[str, str], known: Mapping[str, str], language: str) -> Words:
    def put(found: re.Match[str]) -> str:
        name = found[1]
        return known.get(name) or BLANKS.get(name, {}).get(language, found[0])

    return Words(
        **{name: HOLE.sub(put, words[name]) for name in ("headline", "what", "where", "instruction")}
    )


def declared(key: str) -> WarningTemplate | None:
    """The words as their domain declares them."""
    return catalogue.warning_templates().get(key)
