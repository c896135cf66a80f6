"""What can be done about a case beside moving it along its graph: each with its form and who may do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.cases import (
    access,
    assigning,
    changing,
    extending,
    helping,
    linking,
    moving,
    retention,
    splitting,
    steps,
    urging,
    words,
)
from toancanh.kernel.cases.asking import asked
from toancanh.kernel.cases.changing import Change
from toancanh.kernel.cases.doing import Deed, Doing, Said
from toancanh.kernel.cases.models import StepRole
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import CaseField, Role
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.models import Person
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import Refused

PARTS = 4
"""How many parts the form of splitting takes at once."""


def _reason(title: str = "") -> CaseField:
    return asked("reason", title or _("Reason"), "words", required=True, most=500)


def _ask_time(on: Doing) -> list[CaseField]:
    hint = _("Working days on top of the term, 1 to 60.")
    return [asked("days", _("Working days more"), "number", required=True, hint=hint, most=60), _reason()]


def _settle(on: Doing) -> list[CaseField]:
    choices = [("yes", _("Grant it")), ("no", _("Refuse it"))]
    return [asked("granted", _("Answer"), "choice", required=True, choices=choices), _reason()]


def _helpers(on: Doing) -> list[CaseField]:
    turns = [("1", _("At once, beside the others"))]
    turns += [(str(n), _("In turn %(n)s: when those before it are done") % {"n": n}) for n in (2, 3, 4)]
    return [
        asked("organisations", _("Organisations"), "organisations", required=True),
        asked("task", _("Task"), "words", required=True, most=500),
        asked("turn", _("When it begins"), "choice", choices=turns),
    ]


def _part(on: Doing) -> list[CaseField]:
    asks = [asked("result", _("Result"), "words", required=True, most=helping.LONGEST_RESULT)]
    if len(on.own_parts) > 1:
        choices = [(str(one.pk), one.organisation.name) for one in on.own_parts]
        asks.insert(0, asked("part", _("Whose part"), "choice", required=True, choices=choices))
    return asks


def _report(on: Doing, said: Said, seen: int | None) -> object:
    chosen = said.get("part")
    found = next((one for one in on.own_parts if chosen in (None, str(one.pk))), None)
    if found is None:
        raise Refused(_("This part is over already."), "over")
    return helping.report(found, said["result"], by=on.by, seen=seen)


def _people(on: Doing) -> list[CaseField]:
    choices = [
        (str(pk), name) for pk, name in assigning.colleagues(on.case, on.by).values_list("pk", "full_name")
    ]
    return [asked("person", _("Who does it"), "choice", choices=choices, hint=_("Empty: nobody by name."))]


def _assign(on: Doing, said: Said, seen: int | None) -> object:
    whom = Person.objects.filter(pk=said["person"]).first() if "person" in said else None
    return assigning.assign(on.case, whom, by=on.by, seen=seen)


def _take(on: Doing, _said: Said, seen: int | None) -> object:
    own = Person.objects.filter(pk=person_key(on.by) or 0).first()
    return assigning.assign(on.case, own, by=on.by, seen=seen)


def _urge_asks(on: Doing) -> list[CaseField]:
    parts = [one for one in on.steps if one.is_open and one.role == StepRole.HELP]
    asks = [asked("words", _("What should move, and until when"), "words", required=True, most=500)]
    if parts:
        choices = [(str(one.pk), one.organisation.name) for one in parts]
        hint = _("Empty: the organisation in charge.")
        asks.append(asked("part", _("Whom"), "choice", choices=choices, hint=hint))
    return asks


def _urge(on: Doing, said: Said, seen: int | None) -> object:
    step = next((one for one in on.steps if str(one.pk) == said.get("part")), None)
    return urging.urge(on.case, said["words"], by=on.by, step=step, seen=seen)


def _link_asks(on: Doing) -> list[CaseField]:
    kinds = [(str(one), words.link(one)) for one in linking.BY_HAND]
    return [
        asked("kind", _("How it stands to the other"), "choice", required=True, choices=kinds),
        asked("to", _("Code of the other"), required=True, most=24),
    ]


def _link(on: Doing, said: Said, seen: int | None) -> object:
    other = access.case(said["to"].upper(), on.by)
    return linking.link(on.case, said["kind"], other, by=on.by, seen=seen)


def _split_asks(on: Doing) -> list[CaseField]:
    found = []
    for n in range(1, PARTS + 1):
        told = {"n": n}
        found.append(asked(f"title{n}", _("Part %(n)s: what it is about") % told, required=n == 1, most=200))
        found.append(asked(f"lead{n}", _("Part %(n)s: who is to do it") % told, "organisation"))
    return found


def _split(on: Doing, said: Said, seen: int | None) -> object:
    parts = []
    for n in range(1, PARTS + 1):
        lead, title = said.get(f"lead{n}"), said.get(f"title{n}")
        if lead and not title:
            raise Refused(_("Say what part %(n)s is about.") % {"n": n}, "no_title")
        if title:
            parts.append(splitting.Part(title=title, organisation=steps.organisation(lead) if lead else None))
    return splitting.split(on.case, parts, by=on.by, seen=seen)


def _correct_asks(on: Doing) -> list[CaseField]:
    states = [
        (one.name, named(one.title))
        for one in on.said.states
        if one.name != on.case.state and one.phase != "merged"
    ]
    return [asked("state", _("State"), "choice", required=True, choices=states), _reason()]


def _change_asks(on: Doing) -> list[CaseField]:
    levels = [(str(n), words.level(n)) for n in words.LEVELS]
    priorities = [(str(n), words.priority(n)) for n in words.PRIORITIES]
    place = _("Latitude and longitude, such as 16.4637, 107.5909.")
    return [
        asked("title", _("Title"), required=True, most=200),
        asked("unit", _("Code of the unit"), required=True, most=20, hint=on.case.unit.name),
        asked("address", _("Address"), most=300),
        asked("place", _("Place"), most=40, hint=place),
        asked("category", _("Category"), most=60),
        asked("priority", _("Priority"), "choice", required=True, choices=priorities),
        asked("level", _("Confidentiality"), "choice", required=True, choices=levels),
        _reason(),
    ]


def _changed_from(on: Doing) -> Said:
    row = on.case
    place = "" if row.lat is None or row.lon is None else f"{row.lat:.6f}, {row.lon:.6f}"
    return {
        "title": row.title,
        "unit": row.unit.code,
        "address": row.address,
        "place": place,
        "category": row.category,
        "priority": str(row.priority),
        "level": str(row.level),
    }


def _change(on: Doing, said: Said, seen: int | None) -> object:
    unit = on.case.unit
    if said["unit"] != unit.code:
        found = Unit.objects.filter(code=said["unit"], valid_to=None).first()
        if found is None:
            raise Refused(_("No unit bears the code %(code)s.") % {"code": said["unit"]}, "no_unit")
        unit = found
    to = Change(
        title=said["title"],
        unit=unit,
        address=said.get("address", ""),
        place=_place(said.get("place", "")),
        category=said.get("category", ""),
        priority=int(said["priority"]),
        level=int(said["level"]),
    )
    return changing.change(on.case, to, said["reason"], by=on.by, seen=seen)


def _place(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        lat, lon = (float(part) for part in text.split(",", 1))
    except ValueError:
        raise Refused(
            _("Write the place as latitude and longitude: 16.4637, 107.5909."), "bad_place"
        ) from None
    return lon, lat


def _has(*roles: Role) -> Callable[[Doing], bool]:
    return lambda on: on.case.is_open and bool(on.roles & set(roles))


def _nothing(_on: Doing) -> Sequence[CaseField]:
    return ()


DEEDS = (
    Deed(
        "settle",
        gettext_lazy("Answer the request for more time"),
        gettext_lazy("If granted, the due time moves and the sender is told."),
        "hourglass",
        lambda on: on.waits_for_time and bool(on.roles & {"desk", "giver"}),
        _settle,
        lambda on, said, seen: extending.settle(
            on.case, said["granted"] == "yes", said["reason"], by=on.by, seen=seen
        ),
        is_next=True,
    ),
    Deed(
        "part",
        gettext_lazy("Report our part"),
        gettext_lazy("The organisation in charge sees that your part is done."),
        "check",
        lambda on: on.case.is_open and bool(on.own_parts) and bool(on.roles & {"lead", "helper"}),
        _part,
        _report,
        is_next=True,
    ),
    Deed(
        "own",
        gettext_lazy("I take it"),
        gettext_lazy("Your name stands on it; colleagues see that somebody does it."),
        "user-check",
        lambda on: (
            on.case.is_open
            and "lead" in on.roles
            and person_key(on.by) not in (None, on.case.person_id)
            and bool(on.by.organisation_path)
        ),
        _nothing,
        _take,
    ),
    Deed(
        "assign",
        gettext_lazy("Give it to a colleague"),
        gettext_lazy("His name stands on it; the organisation stays in charge."),
        "user",
        lambda on: on.case.is_open and "lead" in on.roles and on.case.organisation_id is not None,
        _people,
        _assign,
        lambda on: {"person": on.case.person_id or ""},
    ),
    Deed(
        "time",
        gettext_lazy("Ask for more time"),
        gettext_lazy("Who gave the work decides; until then the due time stays."),
        "hourglass",
        lambda on: on.main is not None and "lead" in on.roles and not on.waits_for_time,
        _ask_time,
        lambda on, said, seen: extending.ask(on.case, int(said["days"]), said["reason"], by=on.by, seen=seen),
    ),
    Deed(
        "help",
        gettext_lazy("Ask organisations to help"),
        gettext_lazy("They see it among their work; you see when their part is done."),
        "users-group",
        _has("desk", "giver", "lead"),
        _helpers,
        lambda on, said, seen: helping.ask(
            on.case,
            [steps.organisation(code) for code in said["organisations"]],
            said["task"],
            turn=int(said.get("turn", "1")),
            by=on.by,
            seen=seen,
        ),
    ),
    Deed(
        "urge",
        gettext_lazy("Urge"),
        gettext_lazy("The organisation sees your words on the case until it has read them."),
        "speakerphone",
        lambda on: on.case.is_open and urging.may(on.case, on.said, on.by, frozenset(on.roles)),
        _urge_asks,
        _urge,
    ),
    Deed(
        "note",
        gettext_lazy("Write a remark"),
        gettext_lazy("Staff alone read it."),
        "notebook",
        lambda on: bool(on.roles) or on.by.may(on.said.rights.see, on.case.unit_path),
        lambda on: [
            asked("words", _("Internal remark"), "words", required=True, most=linking.LONGEST_REMARK)
        ],
        lambda on, said, seen: linking.note(on.case, said["words"], by=on.by, seen=seen),
    ),
    Deed(
        "link",
        gettext_lazy("Link to another case"),
        gettext_lazy("Both show each other."),
        "copy",
        lambda on: bool(on.roles & {"desk", "lead", "giver"}),
        _link_asks,
        _link,
    ),
    Deed(
        "split",
        gettext_lazy("Split into parts"),
        gettext_lazy("Each part goes its own way; this one cannot end before they have."),
        "tree",
        lambda on: on.case.is_open and on.case.parent_id is None and bool(on.roles & {"desk", "giver"}),
        _split_asks,
        _split,
    ),
    Deed(
        "change",
        gettext_lazy("Correct what is said of it"),
        gettext_lazy("The story keeps what stood there before, and why."),
        "pencil",
        lambda on: bool(on.roles & {"desk", "giver"}),
        _change_asks,
        _change,
        _changed_from,
    ),
    Deed(
        "hold",
        gettext_lazy("Put under legal hold"),
        gettext_lazy("It is not destroyed, and contact data stays, until the hold is lifted."),
        "lock",
        lambda on: not on.case.hold and retention.may(on.case, on.by),
        lambda on: [_reason(_("Why it must be kept"))],
        lambda on, said, seen: retention.hold(on.case, said["reason"], by=on.by, seen=seen),
    ),
    Deed(
        "release",
        gettext_lazy("Lift the legal hold"),
        gettext_lazy("Its time of keeping counts again."),
        "key",
        lambda on: bool(on.case.hold) and retention.may(on.case, on.by),
        lambda on: [_reason(_("Why it is lifted"))],
        lambda on, said, seen: retention.release(on.case, said["reason"], by=on.by, seen=seen),
    ),
    Deed(
        "correct",
        gettext_lazy("Correct the state"),
        gettext_lazy("For a step that was done in error; clocks follow, and the story says it."),
        "tool",
        lambda on: on.case.phase != "merged" and on.by.may(moving.CORRECT, on.case.unit_path),
        _correct_asks,
        lambda on, said, seen: moving.correct(on.case, said["state"], said["reason"], by=on.by, seen=seen),
    ),
)


def offered(on: Doing) -> list[Deed]:
    """What the actor may do now."""
    if on.case.destroyed_at is not None:
        return []
    return [one for one in DEEDS if one.is_open(on)]


def found(name: str, on: Doing) -> Deed:
    """The deed of that name. Raises Refused where it is not to be done here now."""
    deed = next((one for one in DEEDS if one.name == name), None)
    if deed is None or not deed.is_open(on):
        raise Refused(_("This cannot be done here now, or your post does not do it."), "not_open")
    return deed
