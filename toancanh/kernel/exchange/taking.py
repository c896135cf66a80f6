"""Hands observations that the program itself brought in (files, feeds) to the ingest, as the doors do.

Every way in has a token of its own that nobody knows the secret of: what it brought can be told by its name,
and revoking it closes that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor, program
from toancanh.kernel.exchange.sheets import faults
from toancanh.kernel.exchange.sheets.mapping import Faulty, Found, Observed
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.announce import announcer
from toancanh.kernel.telemetry.devices import contacts
from toancanh.kernel.telemetry.directory import Directory, WatchedDirectory, database_directory
from toancanh.kernel.telemetry.intake import FULL, UNAVAILABLE, Malformed, Request, Taken, microseconds, take
from toancanh.kernel.telemetry.ledger import DatabaseLedger
from toancanh.kernel.telemetry.store import StoreFull, StoreUnavailable
from toancanh.lib.errors import NotAllowed, Refused

RIGHT = "telemetry.arrange"
BY = program("exchange")


def scope(by: Actor) -> list[str]:
    """Paths of the units whose things the actor may fill; raises NotAllowed where there is none."""
    paths = by.paths(RIGHT)
    if not paths:
        raise NotAllowed(_("Files and feeds are arranged by the administrator of your locality."))
    return list(paths)


def root(paths: Sequence[str]) -> str:
    """The lowest path above all of these."""
    first, last = min(paths), max(paths)
    same = next((n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return first if same is None else first[: first.rfind("/", 0, same) + 1]


def seen_by(by: Actor) -> Q:
    """Rows with ``actor`` and ``root`` that the actor may see and act on: his own, and those of his units."""
    found = Q(actor=by.key)
    for path in by.paths(RIGHT):
        found |= Q(root__startswith=path)
    return found


def things_within(paths: Sequence[str]) -> frozenset[str] | None:
    """Codes of the things of these units; None for all."""
    if "" in paths:
        return None
    within = Q(pk__in=[])
    for path in paths:
        within |= Q(unit__path__startswith=path)
    return frozenset(Thing.objects.filter(within).values_list("code", flat=True))


@lru_cache(maxsize=1)
def _source() -> WatchedDirectory:
    return database_directory()


def forget() -> None:
    """Look at tokens and series anew: the store under the process is another one."""
    _source.cache_clear()


def directory() -> Directory:
    """What the ingest knows now."""
    return _source().refresh()


@transaction.atomic
def open_way(name: str) -> None:
    """Make the token of a way in, unless it has one."""
    if not Token.objects.filter(name=name).exists():
        people.create_token(name, by=BY, is_program=True)


def bring(
    found: Sequence[Found], *, way: str, door: str, things: frozenset[str] | None = None
) -> dict[int, str]:
    """Have them judged and kept; the codes of what was refused, by position. Durable when it returns.

    Refused rows are dead letters by then. Raises Refused where the way in was closed, StoreUnavailable and
    DirectoryUnavailable where nothing can be kept now.
    """
    known = directory()
    token = known.named.get(way)
    refused: dict[int, str] = {}
    positions: list[int] = []
    observed: list[Observed] = []
    malformed: list[Malformed] = []
    for position, one in enumerate(found):
        if isinstance(one, Faulty):
            refused[position] = one.code
            malformed.append(_malformed(one))
        elif things is not None and one.thing in known.things and one.thing not in things:
            # What another locality's administrator answers for: no letter here could be replayed.
            refused[position] = "outside"
        else:
            positions.append(position)
            observed.append(one)
    request = Request(token.digest if token else "", observed, door=door, malformed=malformed)
    now = clock.now_us()
    (result,) = take(engine.store(), known, DatabaseLedger(), [request], now)
    if result in (UNAVAILABLE, FULL):
        raise (StoreFull if result == FULL else StoreUnavailable)(str(result))
    if not isinstance(result, Taken):
        told = _("The token %(name)s was revoked: nothing more is taken by this way.")
        raise Refused(told % {"name": way}, "revoked")
    contacts.tally.took([(request, result)], known)
    refused.update((positions[refusal.position], refusal.code) for refusal in result.refusals)
    _tell(known, observed)
    return refused


def _malformed(one: Faulty) -> Malformed:
    said = f"{one.column}: {one.text}" if one.text else one.column
    return Malformed(one.thing, one.series, said.encode(), str(faults.sentence(one.code)))


def _tell(known: Directory, observed: Iterable[Observed]) -> None:
    """Let open pages have what became newest."""
    brought: dict[int, set[int]] = {}
    for one in observed:
        series = known.things.get(one.thing, {}).get(one.series)
        if series is not None:
            brought.setdefault(series.id, set()).add(microseconds(one.time))
    if brought:
        newest = engine.store().latest(brought)
        announcer.tell(reading for key, reading in newest.items() if reading.time in brought[key])
