"""Nothing unpublished leaves by a public door: random reports with a mark in every private field."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from django.core import signing
from django.test import Client

from tests.city import BY
from tests.office import Office, at, employ
from toancanh.domains.reports import actions, phones, sending
from toancanh.domains.reports.public import disclosing, figures, seeing
from toancanh.domains.reports.tests.saying import key, photo, said
from toancanh.domains.reports.triage import actions as triage
from toancanh.kernel.cases import extending, linking, moving, urging
from toancanh.kernel.cases.models import Case, Party, PartyRole
from toancanh.kernel.declare import Actor
from toancanh.kernel.files import actions as files
from toancanh.kernel.files import links, work
from toancanh.kernel.files import queries as kept
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import OPEN, File, Variant
from toancanh.kernel.runtime import rates
from toancanh.lib.errors import Refused

pytestmark = pytest.mark.django_db
MARK = "zqx"
"""In every word, name and number that is not for the public."""
PLACE = (107.0512377, 16.0567877)
SEEDS = (1, 2)
STEPS = 9


class Life:
    """One report and everything that can happen to it, in an order of chance."""

    def __init__(self, desk: Office, seed: str) -> None:
        self.desk, self.chance, self.count = desk, random.Random(seed), 0
        self.engineer = employ(f"{MARK}{seed}".replace(":", ""), desk.roads, ("console.see", "cases.handle"))
        name = f"{MARK}-{seed}.jpg"
        photos = [key() for _photo in range(2)]
        for one in photos:
            actions.photo(photo(), name, one)
        form = said(
            words=f"Lời riêng {MARK} {seed}", address=f"{MARK} ngõ 5", lon=str(PLACE[0]), lat=str(PLACE[1])
        )
        proof = signing.dumps(phones.read(f"09141{abs(hash(seed)) % 100000:05d}"), salt=phones.SALT)
        self.case = actions.send(sending.read(form, photos, "vi"), proof=proof).case
        for file in File.objects.filter(subject=f"case:{self.case.pk}"):
            work.settle(file)

    @property
    def party(self) -> Party:
        return self.case.parties.get(role=PartyRole.REPORTER)

    def word(self) -> str:
        self.count += 1
        return f"{MARK} {self.case.code} {self.count}"

    def live(self) -> None:
        for _turn in range(STEPS):
            deed = self.chance.choice(self.deeds())
            self.case.refresh_from_db()
            try:
                deed()
            except (Refused, Party.DoesNotExist):
                continue

    def move(self, name: str, by: Actor, **said: object) -> None:
        moving.move(self.case, name, said, by=by)

    def deeds(self) -> list[Callable[[], object]]:
        case, desk = self.case, self.desk.desk
        public = {"reason": "Ngoài địa bàn"}
        return [
            lambda: self.move("accept", desk, organisation="qlhtgt", note=self.word()),
            lambda: self.move("accept", desk, organisation="qlhtgt", note=self.word()),
            lambda: self.move("refuse", desk, **public),
            lambda: self.move("ask", desk, question=self.word()),
            lambda: actions.act(self.party, "reply", {"reply": self.word()}, seen=None),
            lambda: self.move("take", self.engineer),
            lambda: self.move("send_back", self.engineer, reason=self.word()),
            lambda: self.move("wait", self.engineer, reason=self.word()),
            lambda: self.move("answer", self.engineer, answer="Đã làm xong"),
            lambda: self.move("answer", self.engineer, answer="Đã làm xong"),
            lambda: self.move("rework", desk, reason=self.word()),
            lambda: self.move("publish", desk),
            lambda: actions.rate(self.party, self.chance.choice((1, 2, 3)), self.word()),
            lambda: actions.act(self.party, "reopen", {"reason": self.word()}, seen=None),
            lambda: actions.act(self.party, "withdraw", {}, seen=None),
            lambda: extending.ask(case, 2, self.word(), by=self.engineer),
            lambda: extending.settle(case, True, self.word(), by=desk),
            lambda: urging.urge(case, self.word(), by=self.desk.leader),
            lambda: linking.note(case, self.word(), by=desk),
            lambda: self.publish(True),
            lambda: self.publish(True),
            lambda: self.publish(True),
            lambda: self.publish(False),
            lambda: Case.objects.filter(pk=case.pk).update(level=2),
            self.cover,
        ]

    def publish(self, is_published: bool) -> None:
        # What is kept back is private whole.
        words = "Chữ công khai" if is_published else self.word()
        triage.publish_text(self.case, words, words, by=self.desk.desk, is_published=is_published)

    def cover(self) -> None:
        """One photo is opened or covered, the other one never."""
        file = kept.of(f"case:{self.case.pk}")[0]
        if self.chance.random() < 0.5:
            files.grade(file, OPEN, by=self.desk.desk)
        else:
            files.redact(file, [Box(0.1, 0.1, 0.5, 0.5)], by=self.desk.desk)


@pytest.fixture
def open_doors() -> Iterator[None]:
    """Nothing was counted before, and nobody is told to wait."""
    figures.forget()
    rates.forget()
    yield
    figures.forget()
    rates.forget()


def doors(codes: list[str]) -> list[str]:
    """Every public address that could tell of reports."""
    found = []
    for root in ("/reports/", "/en/reports/"):
        found += [root, f"{root}?q=cong", f"{root}?q={MARK}", f"{root}?state=answered", f"{root}open-data/"]
        found += [f"{root}figures/?by=organisation", f"{root}figures/?by=category"]
        found += [f"{root}{code}/" for code in codes]
    found += [f"/reports/{code}/?part=card" for code in codes]
    found += [f"/reports/{code}/photos/{n}.jpg" for code in codes for n in (1, 2)]
    for path in (
        "/reports/pins.json",
        "/reports/open-data/reports.csv",
        "/reports/open-data/reports.geojson",
    ):
        found += [path, f"{path}?q={MARK}"]
    return [*found, "/", "/search?q=cong"]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_private_word_leaves_by_any_door(
    desk: Office, client: Client, open_doors: None, seed: int
) -> None:
    disclosing.change(True, "QĐ 12", by=BY)
    lives = [Life(desk, f"{seed}:{n}") for n in range(7)]
    with at("2026-11-20 08:30"):
        for life in lives:
            life.live()
    merged = next((one for one in lives if one.case.is_open), lives[0])
    for other in lives:
        if other is not merged:
            try:
                other.case.refresh_from_db()
                moving.move(other.case, "merge", {"into": merged.case.code}, by=desk.desk)
                break
            except Refused:
                continue
    codes = [one.case.code for one in lives]
    public = set(seeing.published().values_list("code", flat=True))
    hidden = set(codes) - public
    for path in doors(codes):
        answer = client.get(path)
        body = answer.getvalue().decode() + str(answer.headers)
        assert answer.status_code in (200, 302, 404), path
        for address in (path, path.replace("/", "\\u002F")):
            body = body.replace(address, "")
        body = body.replace(f'value="{MARK}"', "").replace(f"q={MARK}", "")
        assert MARK not in body, path
        assert "0512377" not in body, path
        assert not [code for code in hidden if code in body and code not in path], path


def test_a_photo_is_shown_only_as_far_as_it_is_open_or_covered(
    desk: Office, client: Client, open_doors: None
) -> None:
    life = Life(desk, "9:0")
    life.publish(True)
    first, second = kept.of(f"case:{life.case.pk}")
    page = f"/reports/{life.case.code}/"
    assert "/files/" not in client.get(page).content.decode()
    assert client.get(f"{page}photos/1.jpg").status_code == 404
    files.redact(second, [Box(0.1, 0.1, 0.5, 0.5)], by=desk.desk)
    text = client.get(page).content.decode()
    # What is shown is the covered one, under a name that says nothing.
    assert links.url(second, Variant.PUBLIC) in text
    for variant in (Variant.FULL, Variant.SMALL):
        assert links.url(second, variant) not in text
    moved = client.get(f"{page}photos/1.jpg")
    assert moved.headers["Location"].endswith("/anh.jpg")
    assert client.get(moved.headers["Location"]).status_code == 200
    assert client.get(f"{page}photos/2.jpg").status_code == 404
    files.grade(first, OPEN, by=desk.desk)
    assert client.get(f"{page}photos/2.jpg").status_code == 302
