"""Links entries in commit order into a hash chain, apart from the transactions that wrote them.

A previous hash inside every transaction would cost PostgreSQL two thirds of its rate (measured), so one
sealer follows within a second; what it has not reached yet is the unsealed tail, a metric.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from toancanh.kernel.journal.actions import entry_digest
from toancanh.kernel.journal.models import Entry, Link
from toancanh.kernel.runtime import clock

BATCH = 1_000
START = "0" * 64


@dataclass(frozen=True)
class Fault:
    """Where the chain and the entries disagree, and how."""

    number: int
    what: str


def chain(previous: str, number: int, entry: Entry) -> str:
    """The chain's hash after ``entry``."""
    return hashlib.sha256(f"{previous}\n{number}\n{entry.pk}\n{entry.digest}".encode()).hexdigest()


def seal() -> int:
    """Link up to a thousand entries that are committed and unlinked; returns how many."""
    with transaction.atomic():
        last = Link.objects.select_for_update().order_by("-number").first()
        number, previous = (last.number, last.digest) if last else (0, START)
        now, links = clock.now(), []
        for entry in Entry.objects.filter(link=None).order_by("pk")[:BATCH]:
            number += 1
            previous = chain(previous, number, entry)
            links.append(Link(number=number, entry=entry, digest=previous, at=now))
        Link.objects.bulk_create(links)
    return len(links)


def unsealed() -> int:
    """How many entries the chain has not reached yet."""
    return Entry.objects.filter(link=None).count()


def faults() -> Iterator[Fault]:
    """Every place where an entry was edited or removed, or the chain was; nothing on a sound journal."""
    previous, expected = START, 0
    for link in Link.objects.select_related("entry").order_by("number").iterator(BATCH):
        expected += 1
        if link.number != expected:
            yield Fault(expected, f"link {expected} is missing")
            expected = link.number
        if entry_digest(link.entry) != link.entry.digest:
            yield Fault(link.number, f"entry {link.entry.pk} was changed")
        if chain(previous, link.number, link.entry) != link.digest:
            yield Fault(link.number, f"link {link.number} does not follow from the one before")
        previous = link.digest
    newest = Link.objects.aggregate(top=Max("entry_id"))["top"] or 0
    tail = Entry.objects.filter(link=None, pk__lt=newest)
    for entry in tail.order_by("pk")[:BATCH]:
        yield Fault(expected, f"entry {entry.pk} was slipped in before sealed ones")
