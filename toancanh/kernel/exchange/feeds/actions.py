"""What an administrator does with a feed: write it down, turn it on and off, fetch it now, delete it."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.feeds import schedule
from toancanh.kernel.exchange.feeds.fetching import QUERY
from toancanh.kernel.exchange.feeds.models import Brings, Feed
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock, egress, secrets
from toancanh.lib.errors import Refused

MOST_HEADERS = 10
LONGEST_HEADER = 4000
OURS = frozenset((
    "host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te", "upgrade",
    "trailer", "if-none-match", "if-modified-since", "range", "expect", "keep-alive", "proxy-authorization",
))  # fmt: skip
"""Headers that the egress door sets itself, or that would change what a request is."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_KEY = re.compile(r"(?i)(?:.*[_-])?(?:api_?key|app_?id|key|token|secret|pass(?:word)?|pwd|sig(?:nature)?)")
_PARAMETER = re.compile(r"[A-Za-z0-9_.\[\]~-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a form says of a feed. A secret without a value is the one that is kept under its name."""

    name: str
    url: str
    schedule: str
    brings: str = Brings.READINGS
    """Said when it is made; it does not change."""
    quiet: int = 0
    headers: MappingOf[str, str] = field(default_factory=dict)
    secrets: MappingOf[str, str] = field(default_factory=dict)


@transaction.atomic
def make(said: Said, *, by: Actor) -> Feed:
    """Write a feed down; it fetches nothing before somebody has seen what comes and turned it on."""
    if said.brings not in Brings.values:
        raise Refused(_("Say whether it brings readings or warnings."), "bad_kind")
    feed = Feed(made_at=clock.now(), made_by=by.name, brings=said.brings)
    _set(feed, said, by)
    feed.save(force_insert=True)
    journal.record("exchange.feed_made", f"feed:{feed.pk}", by=by, content=_told(feed))
    return feed


@transaction.atomic
def change(feed: Feed, said: Said, *, by: Actor) -> Feed:
    """Say anew where, when and with which secrets; what was known of the last answer is forgotten."""
    feed = _locked(feed, by)
    _set(feed, said, by)
    feed.digest = feed.etag = feed.last_modified = feed.holder = ""
    if feed.is_on:
        _plan(feed)
    feed.save()
    journal.record("exchange.feed_changed", f"feed:{feed.pk}", by=by, content=_told(feed))
    return feed


def _set(feed: Feed, said: Said, by: Actor) -> None:
    paths = taking.scope(by)
    people.check_name(said.name, 80)
    if Feed.objects.filter(name=said.name.strip()).exclude(pk=feed.pk).exists():
        raise Refused(_("There is a feed named %(name)s already.") % {"name": said.name.strip()}, "taken")
    if len(said.url) > 1000:
        raise Refused(_("An address has at most 1000 characters."), "bad_url")
    url, hidden = apart(said.url.strip().partition("#")[0])
    kept = _kept(feed, origin(url))
    feed.name, feed.url, feed.schedule = said.name.strip(), url, schedule.check(said.schedule)
    if not 0 <= said.quiet <= 24 * 365:
        raise Refused(_("Say after how many hours without a new reading you want to be told."), "bad_quiet")
    feed.quiet = said.quiet
    feed.headers = dict(said.headers)
    for name, value in [*said.headers.items(), *said.secrets.items()]:
        _check_header(name, value)
    if len(said.headers) + len(said.secrets) > MOST_HEADERS:
        raise Refused(_("A feed has at most %(most)s headers.") % {"most": MOST_HEADERS}, "too_many_headers")
    for name, value in said.secrets.items():
        if not value and name not in kept:
            told = _("Type the secret %(name)s: none is kept for this host.")
            raise Refused(told % {"name": name.removeprefix(QUERY)}, "no_secret")
        hidden[name] = value or kept[name]
    feed.sealed, feed.secret_names = secrets.seal(hidden), list(hidden)
    feed.scope, feed.root, feed.actor = paths, taking.root(paths), by.key


def apart(url: str) -> tuple[str, dict[str, str]]:
    """The address without parameters that are keys by their name, and those as secrets."""
    egress.parsed(url)
    before, _mark, query = url.partition("?")
    hidden: dict[str, str] = {}
    plain = []
    for part in query.split("&"):
        name, _is, value = part.partition("=")
        if value and _KEY.fullmatch(name):
            hidden[f"{QUERY}{name}"] = unquote_plus(value)
        elif part:
            plain.append(part)
    return "?".join((before, "&".join(plain))) if plain else before, hidden


def _kept(feed: Feed, whose: tuple[str, str, int | None]) -> dict[str, str]:
    """The secrets that may go on being used: those of the same host, where they can be read."""
    if not feed.sealed or origin(feed.url) != whose:
        # Else whoever may change the address could have them sent to himself.
        return {}
    try:
        return secrets.unseal(feed.sealed)
    except secrets.Locked:
        return {}


def origin(url: str) -> tuple[str, str, int | None]:
    """Whose address it is: what secrets are kept for."""
    found = egress.parsed(url)
    return found.scheme, found.host, found.port


def _check_header(name: str, value: str) -> None:
    is_parameter = name.startswith(QUERY)
    plain = name.removeprefix(QUERY)
    if not (_PARAMETER if is_parameter else _TOKEN).fullmatch(plain):
        raise Refused(
            _("“%(name)s” is no name of a header or parameter.") % {"name": plain[:50]}, "bad_header"
        )
    if not is_parameter and plain.lower() in OURS:
        raise Refused(_("The header %(name)s is set by the program itself.") % {"name": plain}, "bad_header")
    if len(value) > LONGEST_HEADER or not (value.isascii() and value.isprintable()):
        told = _("The value of %(name)s holds characters that no header may hold; copy it anew.")
        raise Refused(told % {"name": plain}, "bad_header")


@transaction.atomic
def turn_on(feed: Feed, *, by: Actor) -> Feed:
    """Fetch from now on, at once for the first time; a revoked token is made anew."""
    feed = _locked(feed, by)
    if feed.mapping is None and feed.brings == Brings.READINGS:
        raise Refused(_("Try the feed first, and say what its columns mean."), "no_mapping")
    _begin(feed)
    feed.save()
    journal.record("exchange.feed_on", f"feed:{feed.pk}", by=by, content={"url": feed.url})
    return feed


@transaction.atomic
def turn_off(feed: Feed, *, by: Actor) -> Feed:
    """Fetch no more until somebody turns it on again; a fetch under way is left off."""
    feed = _locked(feed, by)
    feed.is_on, feed.next_at, feed.holder, feed.is_wanted = False, None, "", False
    feed.failures, feed.failing_since, feed.fault, feed.said = 0, None, "", ""
    feed.save()
    journal.record("exchange.feed_off", f"feed:{feed.pk}", by=by, content={})
    return feed


@transaction.atomic
def fetch_now(feed: Feed, *, by: Actor) -> Feed:
    """Have it fetched within a second, whatever its schedule says."""
    feed = _locked(feed, by)
    if not feed.is_on:
        raise Refused(_("The feed is paused; turn it on first."), "off")
    if feed.holder and feed.next_at is not None and feed.next_at > clock.now():
        raise Refused(_("It is being fetched just now."), "busy")
    feed.next_at = feed.planned_at = clock.now()
    feed.is_wanted = True
    # Whoever asks wants an answer, be it the one that is known.
    feed.digest = feed.etag = feed.last_modified = ""
    feed.save()
    journal.record("exchange.feed_wanted", f"feed:{feed.pk}", by=by, content={})
    return feed


@transaction.atomic
def delete(feed: Feed, *, by: Actor) -> None:
    """Forget the feed, its secrets and its history; the readings that it brought stay."""
    feed = _locked(feed, by)
    if Token.objects.filter(name=feed.way, revoked_at=None).exists():
        people.revoke_token(feed.way, by=taking.BY)
    journal.record("exchange.feed_deleted", f"feed:{feed.pk}", by=by, content=_told(feed))
    feed.delete()


def keep(feed: Feed, changes: MappingOf[str, Any], *, by: Actor) -> Feed:
    """Read it from now on as somebody has seen and said yes to, and begin to fetch."""
    with transaction.atomic():
        feed = _locked(feed, by)
        paths = taking.scope(by)
        feed.scope, feed.root, feed.actor = paths, taking.root(paths), by.key
        for name, value in changes.items():
            setattr(feed, name, value)
        feed.digest = feed.etag = feed.last_modified = ""
        _begin(feed)
        feed.save()
        content = {"mapping": feed.mapping, "replaces": feed.replaces, "passes_over": feed.passes_over}
        journal.record("exchange.feed_kept", f"feed:{feed.pk}", by=by, content=content)
    return feed


def _begin(feed: Feed) -> None:
    if feed.brings == Brings.READINGS:
        _open_way(feed)
    now = clock.now()
    feed.is_on, feed.holder = True, ""
    feed.next_at = feed.planned_at = now
    feed.new_at = feed.new_at or now
    feed.failures, feed.failing_since, feed.fault, feed.said = 0, None, "", ""


def _open_way(feed: Feed) -> None:
    """The feed's own token, which may write what its administrator answers for; made anew where revoked."""
    things = taking.things_within(feed.scope)
    if not feed.way:
        feed.way = _way(feed.name)
    token = Token.objects.filter(name=feed.way, revoked_at=None).first()
    if token is None:
        people.create_token(feed.way, by=taking.BY, is_program=True, things=things)
    elif token.things != (sorted(things) if things is not None else None):
        people.narrow_token(
            feed.way, by=taking.BY, things=things, rate=token.rate, expires_at=token.expires_at
        )


def _way(name: str) -> str:
    """A name for the token by which people know the feed among sources, not used by another one."""
    plain = _("feed %(name)s") % {"name": name}
    taken = set(Token.objects.filter(name__startswith=plain[:90]).values_list("name", flat=True))
    names = (plain[:100] if n == 1 else f"{plain[:90]} {n}" for n in range(1, len(taken) + 2))
    return next(one for one in names if one not in taken)


def _plan(feed: Feed) -> None:
    now = clock.now()
    feed.next_at, feed.planned_at = schedule.planned(feed.schedule, feed.pk, now), now


def _locked(feed: Feed, by: Actor) -> Feed:
    """The row as it is now, for a change by somebody who may see it."""
    taking.scope(by)
    found = Feed.objects.select_for_update().filter(taking.seen_by(by), pk=feed.pk).first()
    if found is None:
        raise Refused(_("This feed was deleted meanwhile."), "gone")
    return found


def _told(feed: Feed) -> dict[str, Any]:
    """What the journal keeps of it: never a secret."""
    names = {"headers": sorted(feed.headers), "secrets": sorted(feed.secret_names)}
    return {"name": feed.name, "url": feed.url, "schedule": feed.schedule, **names}
