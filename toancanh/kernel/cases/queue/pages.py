"""The page *Việc cần xử lý*."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.cases import retention
from toancanh.kernel.cases.queue import exports, listing, views, words
from toancanh.kernel.cases.queue.views import View
from toancanh.kernel.cases.queue.wishes import Wish
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.telemetry.features import named as unit_name
from toancanh.kernel.territory import queries as territory
from toancanh.web.filters import Choice

SIGHT = "console.see"
"""Opens the page; which work is on it follows from what each kind asks for."""
Locality = Callable[[], dict[str, Any]]


def reaches(to: Actor) -> bool:
    """Whether the actor's post has to do with any kind of work."""
    rights = {
        right
        for said in catalogue.case_types().values()
        for right in (said.rights.see, said.rights.desk, said.rights.handle, said.rights.give)
    }
    return any(to.paths(right) for right in rights)


@door(right=SIGHT, data="staff")
def work(request: HttpRequest, *, locality: Locality) -> HttpResponse:
    """All work that the officer may see, filtered by the address. ``locality`` says which place is served."""
    actor = of(request)
    kept = views.of(actor)
    wish, view = _asked(request, kept)
    offered = filters(wish, actor.unit_code or str(locality()["code"]))
    said = {
        "wish": wish,
        "page": listing.page(actor, wish),
        "may_retain": bool(actor.paths(retention.RIGHT)),
        "stands": list(_stands(wish)),
        "filters": offered,
        "hidden": [("stand", wish.stand)],
        "views": kept,
        "view": view,
        "gone": gone(view, offered) if view else [],
        "may_share": views.may_share(actor),
    }
    return render(request, "cases/queue/list.html", said)


def _asked(request: HttpRequest, kept: list[View]) -> tuple[Wish, View | None]:
    """What the address wishes, and the kept view that it is: by its number, or by saying the same."""
    if number := request.GET.get("view", ""):
        view = views.chosen(kept, number)
    elif request.GET.keys() - {"wall", "part"}:
        view = None
    else:
        view = next((one for one in kept if one.is_first), None)
    if view is not None:
        return replace(view.wish, after=Wish.of(request.GET).after), view
    wish = Wish.of(request.GET)
    same = wish.query()
    return wish, next((one for one in kept if one.wish.query() == same), None)


def gone(view: View, offered: list[Choice]) -> list[str]:
    """What a view was kept with and is no more: values as they were, with what they were of."""
    known = {one.name: one for one in offered}
    said = asdict(view.wish)
    # What the list offers no longer is shown as chosen all the same, so that nothing is widened in silence.
    strange = [name for name, one in known.items() if one.chosen and one.chosen not in dict(one.options)]
    names = dict.fromkeys([*view.dropped(), *strange])
    titles = {name: one.title for name, one in known.items()}
    return [f"{titles.get(name, name)}: {view.row.wish.get(name) or said.get(name)}" for name in names]


@door(right=SIGHT, data="staff")
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The list as the address filters it, as a file."""
    if kind not in exports.FORMS:
        raise Http404(_("There is no such file."))
    return exports.FORMS[kind](exports.lines(of(request), Wish.of(request.GET), clock.now()))


def _stands(wish: Wish) -> Iterator[tuple[str, str, bool]]:
    """The tabs above the list: title, address, whether it is this one."""
    for name, title in (("open", _("Open")), ("closed", _("Ended")), ("all", _("All"))):
        # What is due is said of open work alone.
        yield title, wish.query(stand=name, due=wish.due if name == "open" else ""), wish.stand == name


def filters(wish: Wish, unit_code: str) -> list[Choice]:
    """What the list can be narrowed to. Two queries."""
    every = ("", _("All"))
    kinds = catalogue.case_types()
    titles = [(key, named(said.title)) for key, said in kinds.items()]
    dues = [
        ("late", _("Overdue")),
        ("soon", _("Due soon")),
        ("ahead", _("Not due yet")),
        ("paused", _("Standing still")),
    ]
    whose = [
        ("mine", _("Mine")),
        ("ours", _("My organisation's")),
        ("free", _("Of no organisation yet")),
        ("untaken", _("Nobody took it")),
    ]
    grades = [("2", _("At once")), ("1", _("Urgent")), ("0", _("Plain"))]
    organisations = Organisation.objects.filter(ceased_at=None).order_by("path")
    units = territory.in_force().filter(parent__code=unit_code).order_by("name") if unit_code else []
    found = [Choice("whose", _("Whose"), [every, *whose], wish.whose)]
    if wish.is_open:
        found.append(Choice("due", _("Term"), [every, *dues], wish.due))
    found.append(Choice("kind", _("Kind of work"), [every, *titles], wish.kind))
    if wish.kind:
        states = [(one.name, named(one.title)) for one in kinds[wish.kind].states]
        found.append(Choice("state", _("State"), [every, *states], wish.state))
    else:
        found.append(Choice("phase", _("Phase"), [every, *words.phases().items()], wish.phase))
    found += [
        Choice(
            "organisation",
            _("Organisation"),
            [every, *organisations.values_list("code", "name")],
            wish.organisation,
        ),
        Choice("unit", _("Place"), [every, *((one.code, unit_name(one)) for one in units)], wish.unit),
        Choice("category", _("Category"), [every, *categories()], wish.category),
        Choice("channel", _("Channel"), [every, *words.channels().items()], wish.channel),
        Choice("priority", _("Urgency"), [every, *grades], wish.priority),
    ]
    # One that offers nothing is left out, unless the address has it set.
    return [one for one in found if len(one.options) > 1 or one.chosen]


def categories() -> list[tuple[str, str]]:
    """Codes of categories and what domains call them."""
    return [pair for path in settings.CASE_CATEGORIES for pair in import_string(path)()]
