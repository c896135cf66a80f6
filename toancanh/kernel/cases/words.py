"""Cases in words: phases, parts of organisations, priorities, and what happened as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from toancanh.kernel import catalogue
from toancanh.kernel.cases.models import Event
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import CaseType

_ = gettext
PRIORITIES = (0, 1, 2)
LEVELS = (0, 1, 2, 3)


def kind(key: str) -> str:
    """What a kind of work is called; its key where the domain is no longer here."""
    found = catalogue.case_types().get(key)
    return named(found.title) if found else key


def state(said: CaseType, name: str) -> str:
    """What a state of the version is called."""
    return next((named(one.title) for one in said.states if one.name == name), name)


def phase(name: str) -> str:
    """The word of a phase, alike for all kinds."""
    words = {
        "draft": _("A draft"),
        "received": _("New"),
        "accepted": _("Passed on"),
        "working": _("Being worked on"),
        "waiting_citizen": _("Waiting for the sender"),
        "waiting_other": _("Waiting for others"),
        "decided": _("Waiting for approval"),
        "delivered": _("Result handed over"),
        "closed": _("Done"),
        "rejected": _("Not taken on"),
        "withdrawn": _("Withdrawn"),
        "merged": _("Merged into another"),
    }
    return words.get(name, name)


def priority(number: int) -> str:
    """The word of a priority."""
    return {0: _("Ordinary"), 1: _("Urgent"), 2: _("At once")}.get(number, str(number))


def channels() -> dict[str, str]:
    """Ways by which work comes in."""
    return {
        "portal": _("Public page"),
        "phone": _("By phone"),
        "desk": _("In person"),
        "zalo": "Zalo",
        "email": _("E-mail"),
        "open311": "Open311",
        "import": _("Imported"),
        "sensor": _("Sensor"),
    }


def category(code: str) -> str:
    """What the domains call the code of a category; the code itself where none of them does."""
    named = (pair for path in settings.CASE_CATEGORIES for pair in import_string(path)())
    return next((title for one, title in named if one == code), code)


def level(number: int) -> str:
    """The word of a level of confidentiality."""
    words = {0: _("May be public"), 1: _("For staff"), 2: _("Restricted"), 3: _("Secret")}
    return words.get(number, str(number))


def step_role(name: str) -> str:
    """What an organisation is in a case."""
    return {
        "lead": _("In charge"),
        "help": _("Helping"),
        "inform": _("Informed"),
        "give": _("Handed it on"),
    }.get(name, name)


def step_state(name: str) -> str:
    """Where its part stands."""
    words = {
        "waiting": _("its turn has not come"),
        "working": _("working on it"),
        "done": _("done"),
        "returned": _("sent back"),
        "cancelled": _("no longer asked"),
    }
    return words.get(name, name)


def link(name: str, is_outward: bool = True) -> str:
    """How one case stands to another, seen from either end."""
    outward = {
        "duplicate_of": _("Says the same as"),
        "split_from": _("Part of"),
        "caused_by": _("Caused by"),
        "about": _("Is about"),
    }
    inward = {
        "duplicate_of": _("Merged into this"),
        "split_from": _("Has the part"),
        "caused_by": _("Has caused"),
        "about": _("Spoken of in"),
    }
    return (outward if is_outward else inward).get(name, name)


def who(event: Event) -> str:
    """Who acted."""
    if event.person is not None:
        return event.person.full_name
    if event.actor.startswith("party:"):
        return _("The sender")
    if event.actor.startswith("program:") and not event.organisation:
        return _("The program")
    return event.organisation or _("Somebody")


Content = Mapping[str, Any]
Sentence = Callable[[CaseType, Content], str]


def _moved(said: CaseType, content: Content) -> str:
    move = said.move(str(content.get("move")))
    return named(move.title) if move else _("Moved on")


def _settled(_said: CaseType, content: Content) -> str:
    return _("Granted more time") if content.get("granted") else _("Refused more time")


def _corrected(said: CaseType, content: Content) -> str:
    names = {"from": state(said, str(content.get("from"))), "to": state(said, str(content.get("to")))}
    return _("Corrected the state from “%(from)s” to “%(to)s”") % names


def _asked(_said: CaseType, content: Content) -> str:
    return _("Asked for %(n)s more working days") % {"n": content.get("days")}


def _assigned(_said: CaseType, content: Content) -> str:
    name = str(content.get("person", ""))
    if content.get("is_own"):
        return _("Took it up in person")
    return _("Gave it to %(name)s") % {"name": name} if name else _("Took the name off it")


def _linked(_said: CaseType, content: Content) -> str:
    what = {"how": link(str(content.get("kind"))), "to": content.get("to", "")}
    if content.get("removed"):
        return _("Took the link away: %(how)s %(to)s") % what
    return _("Linked: %(how)s %(to)s") % what


def _part(said: CaseType, content: Content) -> str:
    told = {"code": content.get("code", ""), "state": state(said, str(content.get("state", "")))}
    return _("The part %(code)s has ended: %(state)s") % told


def _absorbed(_said: CaseType, content: Content) -> str:
    return _("Took in %(code)s, with who sent and follows it") % {"code": content.get("code", "")}


def _split(_said: CaseType, content: Content) -> str:
    return _("Split off: %(codes)s") % {"codes": ", ".join(content.get("codes", ()))}


def _followed(_said: CaseType, content: Content) -> str:
    told = {"old": content.get("from", ""), "new": content.get("to", "")}
    return _("%(old)s has ceased: %(new)s goes on with it") % told


def _brought(_said: CaseType, content: Content) -> str:
    return _("Taken over from %(source)s") % {"source": content.get("source", "")}


def _photo(_said: CaseType, content: Content) -> str:
    if content.get("boxes"):
        return _("Covered %(n)s parts of a photo for the public") % {"n": content["boxes"]}
    return _("Let the public see a photo") if content.get("open") else _("Kept a photo from the public")


def _plain(text: Callable[[], str]) -> Sentence:
    return lambda _said, _content: text()


SENTENCES: dict[str, Sentence] = {
    "opened": _plain(lambda: _("Opened")),
    "moved": _moved,
    "corrected": _corrected,
    "extension_asked": _asked,
    "extension_settled": _settled,
    "assigned": _assigned,
    "helpers_asked": _plain(lambda: _("Asked organisations to help")),
    "part_reported": _plain(lambda: _("Its part is done")),
    "part_ended": _part,
    "urged": _plain(lambda: _("Urged")),
    "urging_read": _plain(lambda: _("Has read the urging")),
    "noted": _plain(lambda: _("Internal remark")),
    "linked": _linked,
    "changed": _plain(lambda: _("Corrected what is said of it")),
    "absorbed": _absorbed,
    "split": _split,
    "photo_seen": _photo,
    "held": _plain(lambda: _("Put under legal hold: it must not be destroyed")),
    "released": _plain(lambda: _("Legal hold lifted")),
    "nominated": _plain(lambda: _("Its time of keeping is over: it waits for review")),
    "destroyed": lambda _said, content: (
        _("Destroyed by the record %(record)s") % {"record": content.get("record", "")}
    ),
    "kept": _plain(lambda: _("Reviewed: kept longer")),
    "followed": _followed,
    "brought_in": _brought,
    "retermed": _plain(lambda: _("It counts as the whole does")),
    "due_moved": _plain(lambda: _("Counted anew after the calendar changed")),
}
"""What happened, by the kind of the event: the words that begin a line of the story."""


def sentence(said: CaseType, event: Event) -> str:
    """What happened, in the language of the reader."""
    found = SENTENCES.get(event.kind)
    return found(said, event.content) if found else _("Written down")
