"""Taking letters in after all, once their cause is mended: judged again, with the rights of who sent them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.announce import announcer
from toancanh.kernel.telemetry.directory import Directory, TokenInfo, database_directory
from toancanh.kernel.telemetry.intake import NoLedger, Request, Taken, judge, take
from toancanh.kernel.telemetry.models import Letter
from toancanh.lib.errors import NotAllowed

MOST = 20_000
"""Letters of one replay: what a person waits for."""
CHUNK = 1_000
NO_TOKEN = "no_token"
"""The token that brought the letter is gone, so nobody's rights cover it any more."""


@dataclass(slots=True)
class Again:
    """A letter's row as a door would have decoded it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool
    seq: int | None = None


@dataclass
class Outcome:
    """How many letters are kept (or would be), and how many are still refused for which reason."""

    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    has_more: bool = False


def preview(letters: QuerySet[Letter], *, by: Actor) -> Outcome:
    """What a replay would bring, without keeping anything."""
    _check(by)
    outcome, directory, now = Outcome(), database_directory().refresh(), clock.now_us()
    for token, rows, chunk in _chunks(letters, directory, outcome):
        judged = judge(Request(token.digest, rows), token, directory, now)
        outcome.refused.update(refusal.code for refusal in judged.refusals)
        stored = engine.store().at([(row.series, row.time) for row in judged.rows])
        for row in judged.rows:
            there = stored.get((row.series, row.time))
            if there is not None and there.value != row.value and not row.corrected_by:
                outcome.refused["conflict"] += 1
            else:
                outcome.kept += 1
        del chunk
    return outcome


def replay(letters: QuerySet[Letter], *, by: Actor) -> Outcome:
    """Hand the letters in again; those that are kept are marked as taken in, the others stay as they are."""
    _check(by)
    outcome, directory, now = Outcome(), database_directory().refresh(), clock.now_us()
    for token, rows, chunk in _chunks(letters, directory, outcome):
        # The letters are there already: a row that is refused again needs no second one.
        request = Request(token.digest, rows, door="replay")
        (result,) = take(engine.store(), directory, NoLedger(), [request], now, announcer.tell)
        if not isinstance(result, Taken):
            outcome.refused[NO_TOKEN] += len(rows)
            continue
        refused = {refusal.position for refusal in result.refusals}
        outcome.refused.update(refusal.code for refusal in result.refusals)
        kept = [letter.pk for position, letter in enumerate(chunk) if position not in refused]
        outcome.kept += len(kept)
        _settle(kept, by)
    return outcome


@transaction.atomic
def _settle(kept: Sequence[int], by: Actor) -> None:
    if kept:
        Letter.objects.filter(pk__in=kept).update(settled_at=clock.now())
        content = {"letters": len(kept), "first": min(kept), "last": max(kept)}
        journal.record("telemetry.letters_replayed", "letters", by=by, content=content)


def _chunks(
    letters: QuerySet[Letter], directory: Directory, outcome: Outcome
) -> Iterator[tuple[TokenInfo, list[Again], list[Letter]]]:
    """The letters in the order in which they came, by token; those nobody may bring any more are counted."""
    tokens = {token.id: token for token in directory.tokens.values()}
    # By number first: replaying settles letters, and what is read meanwhile must not move.
    keys = list(letters.filter(settled_at=None).order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    outcome.has_more = len(keys) > MOST
    for start in range(0, min(len(keys), MOST), CHUNK):
        by_token: dict[int, list[Letter]] = {}
        for letter in Letter.objects.filter(pk__in=keys[start : start + CHUNK]).order_by("pk"):
            token = tokens.get(letter.token)
            if letter.time_us is None or letter.value is None:
                outcome.refused["malformed"] += 1
            elif token is None or not token.is_valid(clock.now_us()):
                outcome.refused[NO_TOKEN] += 1
            else:
                by_token.setdefault(letter.token, []).append(letter)
        for number, chunk in by_token.items():
            yield tokens[number], [_again(letter) for letter in chunk], chunk


def _again(letter: Letter) -> Again:
    assert letter.time_us is not None
    assert letter.value is not None
    time = clock.from_us(letter.time_us)
    return Again(letter.thing, letter.series, time, letter.value, letter.correction)


def _check(by: Actor) -> None:
    if not by.may("telemetry.arrange"):
        raise NotAllowed(_("Refused readings are taken in by the administrator of your locality."))
