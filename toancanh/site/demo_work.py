"""A year of reports and orders in the demo city, by the actions that people use, each at its own moment.

Made in a process of its own beside the running city, because the clock that it sets is the whole process's.
What is there already is not made again, so a killed one goes on.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from toancanh.domains.reports import actions as reports
from toancanh.domains.reports import sending
from toancanh.domains.reports.sending import Form
from toancanh.domains.reports.triage import actions as publishing
from toancanh.kernel.cases import extending, moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Organisation, Person
from toancanh.kernel.runtime import clock, marks
from toancanh.kernel.territory import queries as territory
from toancanh.lib.errors import Refused
from toancanh.site import demo, demo_orders
from toancanh.site.demo_words import ORGANISATIONS, REPORTS, Problem

Step = Callable[[], object]
MARK = "demo_work"
MANY = 300
"""Reports of the year, where the real city takes in as many in two days."""
LATELY = 40
"""More of the last week, so that there is work to do."""
PAST, WEEK = timedelta(days=365), timedelta(days=7)
SEED = 20261122
AFTER_S = 120.0
"""Seconds that the city has to itself first …"""
PAUSE_S = 0.3
"""… and between two reports."""
BESIDE = """import os, toancanh, django; os.nice(10); django.setup()
from toancanh.site import demo_work; demo_work.build()"""


class Duty:
    """Starts the process once the city stands, and looks whether it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._began = time.monotonic()

    def look(self) -> int:
        """Never asks to be called again at once."""
        if self._process is not None:
            if self._process.poll() is not None:
                self._process = None
        elif time.monotonic() - self._began < AFTER_S:
            pass
        elif demo.is_on() and marks.read(MARK) != "ready":
            variables = os.environ | {"DJANGO_SETTINGS_MODULE": "toancanh.site.settings"}
            self._process = subprocess.Popen(
                [sys.executable, "-c", BESIDE], stdin=subprocess.DEVNULL, env=variables
            )
        return 0


def build() -> None:
    """Make what is missing; the store must hold a demo city."""
    offices = found()
    now, chance = clock.now(), random.Random(SEED)
    somewhere = places()
    for number, at in enumerate(_moments(chance, now)):
        problem = chance.choice(REPORTS)
        place = chance.choice(somewhere)
        story = _story(random.Random(f"{SEED}:{number}"), at, now)
        if _report(number, problem, place, story, offices):
            time.sleep(PAUSE_S)
    demo_orders.give_all(now, offices.leader, offices.of)
    marks.write(MARK, "ready")


@dataclass(frozen=True)
class Offices:
    """Who acts: the desk, the leader, and somebody of each organisation."""

    desk: Actor
    leader: Actor
    of: dict[str, Actor]


@transaction.atomic
def found() -> Offices:
    """Organisations of the city and somebody who works on reports."""
    city = territory.unit("46")
    committee = people.found_organisation("ubnd-hue", "UBND thành phố Huế", by=demo.BY, unit=city)
    of = {}
    for code, name in ORGANISATIONS:
        made = people.found_organisation(code, name, by=demo.BY, unit=city, parent=committee)
        of[code] = _somebody(made)
    for unit in territory.in_force().filter(parent__code="46", tier="commune").order_by("code"):
        name = f"UBND {unit.full_name[0].lower()}{unit.full_name[1:]}"
        made = people.found_organisation(f"ubnd-{unit.code}", name, by=demo.BY, unit=unit, parent=committee)
        of[made.code] = _somebody(made)
    if (person := demo.opened(demo.HANDLER)) is not None:
        works = Organisation.objects.get(code=ORGANISATIONS[0][0])
        people.appoint(person, works, "Chuyên viên", people.HANDLER, by=demo.BY, unit=city)
    desk, leader = (
        access.actor(Person.objects.get(username=account[0])) for account in (demo.OFFICER, demo.LEADER)
    )
    return Offices(desk, leader, of)


def _somebody(organisation: Organisation) -> Actor:
    """Of an organisation without accounts in the demo: it is named, nobody of it is."""
    return Actor(
        name="",
        key=demo.BY.key,
        post="Chuyên viên",
        organisation=organisation.name,
        organisation_path=organisation.path,
        grants=frozenset([("cases.handle", "")]),
    )


@dataclass(frozen=True)
class Place:
    """Somewhere in a commune."""

    unit: str
    lon: float
    lat: float


def places() -> list[Place]:
    """The middle of every commune of the city."""
    rows = territory.in_force().filter(parent__code="46", tier="commune", boundary__isnull=False)
    said = rows.order_by("code").values_list("code", "boundary__center_lon", "boundary__center_lat")
    return [Place(*row) for row in said]


def _moments(chance: random.Random, now: datetime) -> list[datetime]:
    """More by day than by night, more in the rainy months; in their order."""
    found: list[datetime] = []
    while len(found) < MANY + LATELY:
        at = now - (PAST if len(found) < MANY else WEEK) * chance.random()
        local = at.astimezone(clock.VIETNAM)
        by_day = 1.0 if 6 <= local.hour < 22 else 0.15
        rainy = 1.0 if local.month in (9, 10, 11, 12) else 0.6
        if chance.random() < by_day * rainy and at < now - timedelta(minutes=20):
            found.append(at)
    return sorted(found)


@dataclass(frozen=True)
class Story:
    """When what happened to a report; what lies ahead of now has not."""

    sent: datetime
    judged: datetime
    is_refused: bool
    is_published: bool
    taken: datetime
    asked_more: bool
    answered: datetime
    published: datetime
    rating: int
    is_reopened: bool
    now: datetime

    def has(self, moment: datetime) -> bool:
        """Whether it is past."""
        return moment < self.now


def _story(chance: random.Random, sent: datetime, now: datetime) -> Story:
    judged = sent + timedelta(hours=chance.expovariate(1 / 5))
    taken = judged + timedelta(hours=chance.expovariate(1 / 10))
    # Most are done within days, a few drag on: so are the figures of real cities.
    answered = taken + timedelta(days=min(40.0, chance.lognormvariate(1.0, 0.8)))
    published = answered + timedelta(hours=chance.expovariate(1 / 6))
    rating = chance.choices((0, 3, 2, 1), (45, 33, 14, 8))[0]
    return Story(
        sent=sent,
        judged=judged,
        is_refused=chance.random() < 0.28,
        # Of an own drawing of chance: the other stories stay as they were told.
        is_published=random.Random(f"{sent}").random() < 0.8,
        taken=taken,
        asked_more=answered - sent > timedelta(days=5) and chance.random() < 0.5,
        answered=answered,
        published=published,
        rating=rating,
        is_reopened=rating == 1 and chance.random() < 0.5,
        now=now,
    )


def _report(number: int, problem: Problem, place: Place, story: Story, offices: Offices) -> bool:
    """One report to where it stands now; all of it, or nothing. Whether there was something to do."""
    key = f"demo-{SEED}-{number:06d}"
    if reports.sent(reports.digest_of(key)) is not None:
        return False
    jitter = random.Random(key)
    lon, lat = place.lon + jitter.uniform(-0.004, 0.004), place.lat + jitter.uniform(-0.004, 0.004)
    form = Form(
        key=key, words=problem.words, category=problem.category, lon=lon, lat=lat, address=problem.address
    )
    with transaction.atomic():
        try:
            with clock.set_to(story.sent):
                sent = reports.send(form)
        except Refused:
            return False  # the place fell outside its commune, beyond the city
        case = sent.case
        Case.objects.filter(pk=case.pk).update(is_sample=True)
        case.is_sample = True
        for at, step in _steps(case, problem, story, offices):
            with clock.set_to(at):
                step()
    return True


def _steps(case: Case, problem: Problem, story: Story, offices: Offices) -> Iterator[tuple[datetime, Step]]:
    desk = offices.desk
    code = problem.organisation or f"ubnd-{case.unit.code}"
    own = offices.of[code]
    if not story.has(story.judged):
        return
    if story.is_refused:
        yield story.judged, lambda: moving.move(case, "refuse", {"reason": problem.refusal}, by=desk)
        return
    yield story.judged, lambda: moving.move(case, "accept", {"organisation": code}, by=desk)
    if story.is_published:
        title = sending.title(problem.words)
        yield (
            story.judged,
            lambda: publishing.publish_text(case, title, problem.words, by=desk, is_published=True),
        )
    if not story.has(story.taken):
        return
    yield story.taken, lambda: moving.move(case, "take", by=own)
    more = story.taken + (story.answered - story.taken) * 0.6
    if story.asked_more and story.has(more):
        yield more, lambda: extending.ask(case, 5, "Chờ vật tư và thời tiết khô ráo để thi công.", by=own)
        yield more + timedelta(hours=2), lambda: extending.settle(case, True, "Đồng ý gia hạn.", by=desk)
    if not story.has(story.answered):
        return
    yield story.answered, lambda: moving.move(case, "answer", {"answer": problem.answer}, by=own)
    if not story.has(story.published):
        return
    yield story.published, lambda: moving.move(case, "publish", by=desk)
    rated = story.published + timedelta(hours=5)
    if story.rating and story.has(rated):
        party = case.parties.get()
        yield rated, lambda: reports.rate(party, story.rating, "")
    again = story.published + timedelta(hours=20)
    if story.is_reopened and story.has(again):
        reason = {"reason": "Đơn vị đã trả lời nhưng hiện trường chưa thay đổi."}
        yield again, lambda: reports.act(case.parties.get(), "reopen", reason, seen=None)
