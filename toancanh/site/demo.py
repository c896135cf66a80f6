"""The demo city: Huế as it might be, filled by the same actions under the injected clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from toancanh.domains.damage import demo as damage
from toancanh.kernel import catalogue
from toancanh.kernel.declare import Message, Station, program
from toancanh.kernel.exchange import packs
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Organisation, Person, Token
from toancanh.kernel.people.shifts import actions as shifts
from toancanh.kernel.people.shifts.models import DutyPost
from toancanh.kernel.runtime import clock, marks
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.backfill import keep
from toancanh.kernel.telemetry.directory import Directory, database_directory
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.kernel.territory.queries import today
from toancanh.site import demo_contacts
from toancanh.site.building import ROOT

PACKS = ("vietnam", "hue", "dong-ha")
PAST = timedelta(days=92)
PASSWORD = "toancanh-demo-2026"
OFFICER = ("canbotruc", "Nguyễn Thị Hương Giang", PASSWORD)
"""Account, name and password of the demo's duty officer: told to everyone on the sign-in page."""
KEEPER = ("quantri", "Lê Quang Hải", PASSWORD)
"""The demo's administrator, told there too: who adds devices and mends what was refused."""
LEADER = ("lanhdao", "Trần Đình Phong", PASSWORD)
"""Who may order that the public is warned, told there as well."""
SIMULATOR = "trình mô phỏng (demo)"
SHIFT = (
    ("catruc2", "Trần Minh Đức", PASSWORD),
    ("catruc3", "Phạm Thu Hà", PASSWORD),
)
"""Who takes turns with the duty officer."""
CHIEF = ("lanhdaotruc", "Hoàng Văn Bình", PASSWORD)
"""The leader on duty, turned to when nobody of the shift answers; then the command is."""
HANDLER = ("chuyenvien", "Võ Minh Tuấn", PASSWORD)
"""Somebody of the department of construction, who works on reports and orders; told there as well."""
PUBLISHED = (OFFICER, KEEPER, LEADER, CHIEF, HANDLER, *SHIFT)
"""Accounts whose password everyone knows."""
CHUNK = 20_000

Tell = Callable[[str], None]
BY = program("demo")


def is_on() -> bool:
    """Whether this store holds a demo city and the demo is not switched off."""
    return settings.DEMO and marks.read("demo") == "ready"


def is_unfinished() -> bool:
    """Whether the making of the demo city was cut off; it goes on where it stopped."""
    return marks.read("demo") == "building"


def build(*, tell: Tell, past: timedelta = PAST) -> None:
    """Fill the store with the demo city; every step may be repeated."""
    marks.write("demo", "building")
    tell(_("Building the demo city: administrative units, stations, alarm levels …"))
    lay_out()
    staff()
    now = clock.now()
    history(now - past, now, tell)
    settle_in(now)
    marks.write("demo", "ready")


def lay_out() -> None:
    """Load the packs of the city."""
    for name in PACKS:
        packs.load(ROOT / "packs" / name, by=BY)


def settle_in(now: datetime) -> None:
    """Let its communes have reported damage once, and have officials and heads who are told of warnings."""
    communes = list(territory.in_force().filter(parent__code="46", tier="commune").order_by("code"))
    damage.fill(communes, now, by=BY)
    demo_contacts.fill(communes, now, by=BY)


@transaction.atomic
def staff() -> None:
    """The operations centre with its duty officer and administrator, and the command that orders warnings."""
    city = territory.unit("46")
    title = "Trung tâm Giám sát, điều hành đô thị thông minh"
    centre = people.found_organisation("ioc-hue", title, by=BY, unit=city)
    if (officer := opened(OFFICER)) is not None:
        people.appoint(officer, centre, "Cán bộ trực", people.STAFF, by=BY, unit=city)
    if (keeper := opened(KEEPER)) is not None:
        people.appoint(keeper, centre, "Quản trị viên", people.ADMINISTRATOR, by=BY)
    command = people.found_organisation("bch-ptds-hue", "Ban Chỉ huy Phòng thủ dân sự", by=BY, unit=city)
    if (leader := opened(LEADER)) is not None:
        people.appoint(leader, command, "Phó Trưởng ban", people.LEADER, by=BY, unit=city)
    for account in SHIFT:
        if (officer := opened(account)) is not None:
            people.appoint(officer, centre, "Cán bộ trực", people.STAFF, by=BY, unit=city)
    if (chief := opened(CHIEF)) is not None:
        people.appoint(chief, centre, "Phó Giám đốc Trung tâm", people.STAFF, by=BY, unit=city)
    roster(centre)


def roster(centre: Organisation) -> None:
    """Three shifts a day of the officers, a leader at any hour, the command behind them."""
    if DutyPost.objects.filter(organisation=centre).exists():
        return
    who = {one.username: one for one in Person.objects.filter(username__in=[one[0] for one in PUBLISHED])}
    officers = shifts.create_post(centre, "Cán bộ trực", 1, by=BY)
    for account, start in zip((OFFICER, *SHIFT), (6, 14, 22), strict=True):
        hours = (start * 60, (start + 8) % 24 * 60)
        shifts.repeat(officers, who[account[0]], range(7), *hours, today(), by=BY)
    above = ((2, CHIEF, "Lãnh đạo trực"), (3, LEADER, "Thường trực Ban Chỉ huy Phòng thủ dân sự"))
    for level, account, title in above:
        post = shifts.create_post(centre, title, level, by=BY)
        shifts.repeat(post, who[account[0]], range(7), 0, 24 * 60, today(), by=BY)


def opened(account: tuple[str, str, str]) -> Person | None:
    """A published account; None where it is there already."""
    username, name, password = account
    if Person.objects.filter(username=username).exists():
        return None
    return people.create_person(username, name, password, by=BY, known=True)


def settle() -> None:
    """Open the published accounts while the demo is on, close them when it is not: anyone knows them."""
    if marks.read("demo") != "ready":
        return
    if settings.DEMO:
        if not WorkCalendar.objects.exists():
            # A demo city of a version before there were calendars.
            lay_out()
        staff()
        settle_in(clock.now())
    for person in Person.objects.filter(username__in=[one[0] for one in PUBLISHED]):
        if person.is_active != settings.DEMO:
            people.set_active(person, settings.DEMO, by=BY)


def stations() -> list[Station]:
    """Every thing that measures, as domains need it to tell its past."""
    found: dict[str, dict[str, Any]] = {}
    for series in (
        Series.objects.filter(is_active=True, thing__is_active=True, thing__lon__isnull=False)
        .select_related("thing")
        .order_by("thing__code")
    ):
        thing = series.thing
        facts = {"code": thing.code, "kind": thing.kind, "lon": thing.lon, "lat": thing.lat}
        found.setdefault(thing.code, {**facts, "periods": {}})["periods"][series.name] = series.period_s
    return [Station(**facts) for facts in found.values()]


def history(start: datetime, end: datetime, tell: Tell) -> None:
    """Let every domain's stations have measured from ``start`` to ``end``: kept as if it were then."""
    directory = database_directory().refresh()
    for domain in catalogue.domains():
        if domain.demo is None:
            continue
        own = [s for s in stations() if s.kind.startswith(f"{domain.name}.")]
        told = domain.demo(own, clock.to_us(start), clock.to_us(end))
        for number, chunk in enumerate(chunks(told)):
            with clock.set_to(clock.from_us(max(message.time_us for message in chunk))):
                observe(chunk, directory)
            if number % 8 == 0:
                day = clock.from_us(chunk[-1].time_us).astimezone(clock.VIETNAM)
                tell(_("Building measurements … up to %(day)s") % {"day": f"{day:%d/%m/%Y}"})


def chunks(messages: Iterator[Message]) -> Iterator[list[Message]]:
    """The messages in groups of one commit each."""
    while chunk := list(islice(messages, CHUNK)):
        yield chunk


def observe(chunk: list[Message], directory: Directory) -> None:
    """Keep a group through the same judgement and store as the door; a refusal is our fault."""
    taken = keep(engine.store(), directory, chunk, clock.now_us())
    if taken.refusals:
        raise RuntimeError(f"the demo's own reading was refused: {taken.refusals[0]}")


def simulator_token() -> str:
    """A fresh secret for this run's simulator; that of the run before ends."""
    if Token.objects.filter(name=SIMULATOR, revoked_at=None).exists():
        return people.renew_token(SIMULATOR, by=BY).secret
    return people.create_token(SIMULATOR, by=BY).secret


def notice(request: HttpRequest) -> dict[str, Any]:
    """Context of the sign-in page while the demo is on: whom to sign in as."""
    if not request.path.startswith("/sign-in/") or not is_on():
        return {}
    accounts = (
        (OFFICER[0], _("duty officer")),
        (LEADER[0], _("leader who approves")),
        (KEEPER[0], _("administrator")),
    )
    return {"demo_accounts": accounts, "demo_password": PASSWORD}
