"""What was read is kept for its time in ``done`` and goes then; nothing else does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.city import NOON, City, actor, person
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.inbox import clearing
from toancanh.kernel.exchange.inbox.clearing import Clearing
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def ada(city: City) -> Actor:
    return actor("ada", None, people.ADMINISTRATOR)


def put(folder: Path, way: str) -> Path:
    file = folder / way
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    return file


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_was_read_goes_when_its_time_is_over(ada: Actor, tmp_path: Path) -> None:
    for way in (
        "done/a/20261120-235959-abcdef cũ.csv",
        "done/a/20261120-235959-abcdef cũ.csv.dong-bi-tu-choi.csv",
        "done/b/20261121-000000-abcdef mới.csv",
        "done/của người.csv",
        "refused/20250101-000000-abcdef a.csv",
        "20250101-000000-abcdef a.csv",
    ):
        put(tmp_path, way)
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path, "elsewhere/20250101-000000-abcdef a.csv")
    (tmp_path / "done" / "link").symlink_to(tmp_path / "elsewhere")
    before = left(tmp_path)
    clear = Clearing(tmp_path)
    with clock.set_to(NOON + clearing.DAYS * DAY):
        # NOON is of 21/11/2026, and so was the last of them.
        assert clear() == 0
    assert [way for way in before if way not in left(tmp_path)] == [
        "done/a",
        "done/a/20261120-235959-abcdef cũ.csv",
        "done/a/20261120-235959-abcdef cũ.csv.dong-bi-tu-choi.csv",
    ]
    assert '"files":2' in Entry.objects.get(action="exchange.inbox_cleared").content
    assert Clearing(tmp_path / "nothing")() == 0


def test_time_is_dated_and_set_by_who_answers_for_all(city: City, ada: Actor, tmp_path: Path) -> None:
    assert clearing.days() == clearing.DAYS
    clearing.keep(30, date(2026, 11, 23), "QĐ 12", by=ada)
    assert [(one.days, one.state) for one in clearing.history()] == [(30, "coming"), (365, "now")]
    file = put(tmp_path, "done/20260901-120000-abcdef a.csv")
    Clearing(tmp_path)()
    assert file.exists()
    with clock.set_to(NOON + 2 * DAY):
        assert clearing.days() == 30
        Clearing(tmp_path)()
    assert not file.exists()
    with pytest.raises(Refused):
        clearing.keep(0, date(2026, 11, 23), "QĐ 12", by=ada)
    with pytest.raises(Refused):
        clearing.keep(30, date(2026, 11, 20), "QĐ 12", by=ada)
    with pytest.raises(NotAllowed):
        clearing.keep(30, date(2026, 11, 23), "QĐ 12", by=actor("bo", city.west, people.ADMINISTRATOR))


def test_page_tells_and_sets_it(city: City) -> None:
    client = Client()
    client.force_login(person("quantri", None, people.ADMINISTRATOR))
    said = {"do": "keep", "days": "90", "from": "2026-11-21", "reason": "QĐ 12"}
    page = client.post("/console/imports/folder/", said, follow=True).content.decode()
    assert 'value="90"' in page
    assert "QĐ 12" in page
    assert client.post("/console/imports/folder/", {**said, "from": "mai"}).status_code == 422
