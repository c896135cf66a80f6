"""What a domain declares of work that an organisation owes by a time: frozen, in versions.

A case keeps the version of its type under which it was made. What a version says is data alone, to be
published, printed and read again by a later release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toancanh.kernel.titles import Title

Phase = Literal[
    "draft", "received", "accepted", "working", "waiting_citizen", "waiting_other", "decided", "delivered",
    "closed", "rejected", "withdrawn", "merged",
]  # fmt: skip
"""Where work stands, alike for all kinds: figures and lists across kinds know these alone."""

WAITING: tuple[Phase, ...] = ("waiting_citizen", "waiting_other")
ENDED: tuple[Phase, ...] = ("closed", "rejected", "withdrawn", "merged")

Role = Literal["desk", "lead", "helper", "giver", "party", "program"]
"""Who does something to a case: the desk that receives, people of the organisation in charge, of one that
helps, who gave the work, somebody who is a party to it (by his link), or the program by itself."""


@dataclass(frozen=True)
class Term:
    """How long something may take. Days and hours of ``work`` are those of the calendar in force."""

    amount: int
    unit: Literal["minute", "hour", "day"] = "day"
    of: Literal["work", "wall"] = "work"
    begin: Literal["now", "next", "cutoff"] = "now"
    """From when on it counts: at once, from the next working day, or from that after the cut-off hour."""
    basis: str = ""
    """The law or decision that says so."""


@dataclass(frozen=True)
class CaseState:
    """One place in the graph. A phase of waiting says whether clocks stand still in it, one in which somebody
    judges the result may: his time is then not that of the organisation."""

    name: str
    title: Title
    phase: Phase
    pauses: bool | None = None
    outside: str = ""
    """What other systems call it, such as ``open`` of Open311."""


FieldKind = Literal[
    "text", "words", "number", "date", "choice", "yes", "files", "organisation", "organisations"
]  # fmt: skip
"""``organisation`` takes the one in charge, ``organisations`` those that help; both by their codes."""


@dataclass(frozen=True)
class CaseField:
    """Something that is said of a case: when it is opened, or with a move."""

    name: str
    title: Title
    kind: FieldKind = "text"
    is_required: bool = False
    is_public: bool = False
    """Shown to its parties, and on public pages where the case is published."""
    choices: tuple[tuple[str, Title], ...] = ()
    most: int = 4000
    """Characters of text, or the number's upper bound."""
    hint: Title | None = None


@dataclass(frozen=True)
class Guard:
    """What must hold. ``named`` asks one of a closed list, ``is`` compares a field, the others compose."""

    op: Literal["all", "any", "not", "is", "named"]
    parts: tuple[Guard, ...] = ()
    name: str = ""
    """Of ``named``: the predicate; of ``is``: the field."""
    compare: Literal["eq", "ne", "lt", "le", "gt", "ge", "empty", "filled"] = "eq"
    value: str | int | bool | None = None
    otherwise: Title | None = None
    """Told to who is refused by it."""


@dataclass(frozen=True)
class CaseMessage:
    """What somebody is told after a move. Names in braces are filled: see `cases.telling.NAMES`."""

    to: Literal["reporter", "followers", "lead", "helpers", "desk", "giver"]
    subject: Title
    body: Title


@dataclass(frozen=True)
class CaseMove:
    """An edge of the graph: from which states to which, by whom, what it asks and what follows."""

    name: str
    title: Title
    """What the button says."""
    sources: tuple[str, ...]
    target: str
    who: tuple[Role, ...]
    effect: Title | None = None
    """What will happen, said beside the button."""
    asks: tuple[CaseField, ...] = ()
    guard: Guard | None = None
    messages: tuple[CaseMessage, ...] = ()
    is_public: bool = True
    """Whether parties see it in the story."""
    tone: Literal["plain", "good", "watch", "bad"] = "plain"
    step: Literal["", "assign", "return", "done"] = ""
    """What becomes of the work of the organisation in charge: given to those that fields name, sent back, or
    done."""
    is_reopening: bool = False
    """Begins a round of its own: new clocks, the old lateness stays."""


@dataclass(frozen=True)
class CaseClock:
    """A term that runs while the case is in some states.

    It begins with the first of ``runs`` that is entered and ends with the first state outside them; entered
    once more, it begins once more with a whole term. The main one runs until the case ends.
    """

    name: str
    title: Title
    term: Term
    runs: tuple[str, ...]
    is_main: bool = False
    """The one by which the case is on time or late."""
    soon: int = 80
    """Percent of the term after which it counts as due soon."""


@dataclass(frozen=True)
class CaseAxis:
    """Something beside the state with states of its own: publication, delivery, synchronisation, money."""

    name: str
    title: Title
    states: tuple[tuple[str, Title], ...]
    """The first is the one in which a case begins."""
    moves: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rights:
    """The rights that a post needs over the case's unit: to see it, to receive and judge it, to work on it as
    the organisation in charge, to give such work, to read who the parties are, to see what is restricted."""

    see: str = "cases.see"
    desk: str = "cases.desk"
    handle: str = "cases.handle"
    give: str = "cases.give"
    identity: str = "cases.identity"
    restricted: str = "cases.restricted"


@dataclass(frozen=True)
class Retention:
    """What becomes of a case that ended: nominated after so many days, then reviewed by a person."""

    days: int
    basis: str
    parties_days: int = 365
    """Days after which contact data is erased even though the case is kept."""


@dataclass(frozen=True)
class CaseType:
    """A kind of work; its key is ``domain.name``."""

    name: str
    title: Title
    icon: str
    prefix: str
    """Letters before the number of a case."""
    states: tuple[CaseState, ...]
    start: str
    moves: tuple[CaseMove, ...]
    clocks: tuple[CaseClock, ...]
    retention: Retention
    rights: Rights = Rights()
    fields: tuple[CaseField, ...] = ()
    axes: tuple[CaseAxis, ...] = ()
    level: int = 1
    """Of confidentiality: 0 may be public, 1 is for staff, 2 restricted, 3 secret. A case may differ."""
    reopen_days: int = 0
    """Working days after the end within which a party may reopen; 0: never."""
    basis: str = ""
    link: str = ""
    """Path of a party's own page, with ``{secret}``; messages to parties lead there."""

    def state(self, name: str) -> CaseState:
        """The state of that name."""
        return next(one for one in self.states if one.name == name)

    def move(self, name: str) -> CaseMove | None:
        """The move of that name, or None."""
        return next((one for one in self.moves if one.name == name), None)
