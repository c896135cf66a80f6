"""Destroying what is said of a case: its code, kind, states, times and terms stay, and no word of people.

What the journal keeps of its events are digests, so that the chain still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from toancanh.kernel.cases import attached, keeping, searching
from toancanh.kernel.cases.models import Case, Event, Extension, Pause, Rating, Step, Urging
from toancanh.kernel.cases.writing import Writing
from toancanh.kernel.files import actions as files
from toancanh.kernel.files.models import File, State
from toancanh.kernel.notify.models import Delivery, Notice
from toancanh.kernel.runtime.rows import update_each
from toancanh.lib.fold import fold

Eraser = Callable[[Case], None]
"""What a domain keeps of a case beside it goes with it, in the same transaction; told by `CASE_ERASERS`."""
LEFT = frozenset(
    {
        "move",
        "from",
        "to",
        "state",
        "clocks",
        "merged",
        "code",
        "codes",
        "kind",
        "granted",
        "brought",
        "assumed",
    }
)
"""What stays of an event: by it figures and due times are found again."""


@dataclass(frozen=True)
class Gone:
    """How much of a case was destroyed."""

    events: int
    files: int
    parties: int


def destroy(on: Writing, record: str) -> Gone:
    """Destroy the contents of a case that is held; ``record`` is the list that says why and by whom."""
    case = on.case
    parties = list(case.parties.values_list("pk", flat=True))
    keeping.forget(parties)
    gone = Gone(_words(case), _files(case, record, on), len(parties))
    _messages(case)
    for eraser in settings.CASE_ERASERS.get(case.kind, ()):
        erase: Eraser = import_string(eraser)
        erase(case)
    case.title, case.words, case.address, case.facts = record, "", "", {}
    case.lon = case.lat = None
    case.is_published = False
    case.folded = fold(case.code)
    case.retain_until, case.destroyed_at = None, on.now
    on.tell("destroyed", {"record": record})
    case.save()
    searching.keep(case)
    return gone


def _words(case: Case) -> int:
    """What people wrote about it; returns how many events lost theirs."""
    events = list(Event.objects.filter(case=case).only("content").order_by("number"))
    for event in events:
        event.content = {key: value for key, value in event.content.items() if key in LEFT}
    update_each(events, ["content"])
    Step.objects.filter(case=case).update(task="", result="")
    Pause.objects.filter(clock__case=case).update(reason="")
    Extension.objects.filter(clock__case=case).update(reason="", answer="")
    Rating.objects.filter(case=case).update(words="")
    Urging.objects.filter(case=case).update(words="")
    return len(events)


def _files(case: Case, record: str, on: Writing) -> int:
    rows = File.objects.filter(subject=attached.subject(case.pk)).exclude(state=State.DESTROYED)
    found = list(rows.order_by("pk"))
    for file in found:
        files.destroy(file, by=on.by, reason=record)
    return len(found)


def _messages(case: Case) -> None:
    told = Notice.objects.filter(subject=f"cases.case:{case.pk}")
    Delivery.objects.filter(notice__in=told).update(address="", name="", link="")
    told.update(title_vi=case.code, title_en=case.code, body_vi="", body_en="")
