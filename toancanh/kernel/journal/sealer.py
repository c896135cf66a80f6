"""Links entries in commit order into a hash chain, apart from the transactions that wrote them.

A previous hash inside every transaction would cost PostgreSQL two thirds of its rate (measured), so one
sealer follows within a second; what it has not reached yet is the unsealed tail, a metric.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.journal.actions import entry_digest
from toancanh.kernel.journal.models import Entry, Link
from toancanh.kernel.runtime import clock, marks
from toancanh.kernel.runtime.exclusive import alone

BATCH = 1_000
NEAR = 1_000
"""How far behind the newest linked entry a transaction that committed late may have taken its number."""
START = "0" * 64
HEAD = "journal.sealed"
"""The mark that remembers how far the chain reached, so that a cut tail is missed."""
LATE = timedelta(minutes=10)
"""No transaction stays open longer: an older entry with an old number was not there when it says."""


@dataclass(frozen=True)
class Fault:
    """Where the chain and the entries disagree, and how."""

    number: int
    what: str


def chain(previous: str, number: int, entry: Entry) -> str:
    """The chain's hash after ``entry``."""
    return hashlib.sha256(f"{previous}\n{number}\n{entry.pk}\n{entry.digest}".encode()).hexdigest()


def waiting(everywhere: bool) -> QuerySet[Entry]:
    """Unlinked entries: near the chain's end, where new ones stand, or in the whole journal."""
    found = Entry.objects.filter(link=None)
    last = Link.objects.order_by("-number").values_list("entry_id", flat=True).first()
    return found if everywhere or last is None else found.filter(pk__gt=last - NEAR)


def seal(everywhere: bool = False) -> int:
    """Link up to a thousand entries that are committed and unlinked; returns how many.

    Looks only near the chain's end unless ``everywhere``: a scan of the whole journal twice a second would
    cost more than all else the program does at rest. Of several sealers one seals, the others find it done.
    """
    if not waiting(everywhere).exists():
        return 0
    with transaction.atomic():
        if not alone("sealer"):
            return 0
        last = Link.objects.order_by("-number").first()
        number, previous = (last.number, last.digest) if last else (0, START)
        now, links = clock.now(), []
        for entry in waiting(everywhere).order_by("pk")[:BATCH]:
            number += 1
            previous = chain(previous, number, entry)
            links.append(Link(number=number, entry=entry, digest=previous, at=now))
        Link.objects.bulk_create(links)
        if links:
            marks.write(HEAD, str(number))
    return len(links)


def unsealed() -> int:
    """How many entries the chain has not reached yet."""
    return Entry.objects.filter(link=None).count()


def faults() -> Iterator[Fault]:
    """Every place where entries or the chain were edited, removed or added to; nothing on a sound journal.

    Whoever can write everything in the database can write a new chain too: only a copy of the newest link
    kept elsewhere shows that.
    """
    yield from _faults_from(0)


def faults_at_end(links: int) -> Iterator[Fault]:
    """The same of the newest links alone, for a quick look; trusts the one before them."""
    newest = Link.objects.order_by("-number").values_list("number", flat=True).first() or 0
    yield from _faults_from(max(0, newest - links))


def _faults_from(start: int) -> Iterator[Fault]:
    previous, expected, newest = START, start, 0
    before = Link.objects.filter(number=start).first()
    if before is not None:
        previous, newest = before.digest, before.entry_id
    links = Link.objects.filter(number__gt=start).select_related("entry").order_by("number")
    for link in links.iterator(BATCH):
        expected += 1
        if link.number != expected:
            missing = _("links from %(number)s on are missing")
            if link.number == expected + 1:
                missing = _("link %(number)s is missing")
            yield Fault(expected, missing % {"number": expected})
            expected = link.number
        yield from _faults_of(link, previous, newest)
        previous, newest = link.digest, max(newest, link.entry_id)
    sealed = int(marks.read(HEAD) or 0)
    if expected < sealed:
        yield Fault(expected, _("the chain is cut: %(count)s links were sealed") % {"count": sealed})


def _faults_of(link: Link, previous: str, newest: int) -> Iterator[Fault]:
    entry = link.entry
    if entry_digest(entry) != entry.digest:
        yield Fault(link.number, _("entry %(number)s was changed") % {"number": entry.pk})
    if chain(previous, link.number, entry) != link.digest:
        yield Fault(
            link.number, _("link %(number)s does not follow from the one before") % {"number": link.number}
        )
    # Transactions may commit in another order than their numbers, but not hours later.
    if entry.pk < newest and link.at - entry.at > LATE:
        yield Fault(link.number, _("entry %(number)s was slipped in later") % {"number": entry.pk})
