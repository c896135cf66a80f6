"""Photos for the public: faces and plates covered by the desk, nothing shown that nobody looked at."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from PIL import Image

from tests.office import Office
from toancanh.kernel.cases import covering, moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.tests.test_case_page import client_of, page
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.files import actions as files
from toancanh.kernel.files import queries, work
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import File
from toancanh.lib.errors import NotAllowed, NotFound, Refused

FACE = Box(0.25, 0.25, 0.5, 0.5)


@pytest.fixture
def photo(settings: Any, tmp_path: Any) -> File:
    """A red photo that was checked; what is kept lies in a folder of the test."""
    settings.DATA = tmp_path
    made = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(made, "JPEG")
    file = files.take(made.getvalue(), "mat.jpg", by=ANYONE, key="p" * 20)
    work.prepare(file)
    file.refresh_from_db()
    return file


@pytest.fixture
def case(office: Office, photo: File) -> Case:
    """A report that shows it."""
    case = office.report(facts={"pictures": [str(photo.pk)]})
    files.attach(photo, f"case:{case.pk}", by=ANYONE)
    photo.refresh_from_db()
    return case


def shown(case: Case) -> File:
    """The photo as pages read it."""
    return queries.of(f"case:{case.pk}")[0]


def test_public_sees_the_covered_photo_alone(office: Office, case: Case, photo: File) -> None:
    assert not queries.is_public(shown(case))
    path = f"{page(case)}photos/{photo.pk}/"
    desk = client_of(office.desk)
    assert "mat.jpg" in desk.get(path).content.decode()
    answer = desk.post(f"{path}?from=desk", {"do": "cover", "boxes": msgspec.json.encode([FACE]).decode()})
    assert (answer.status_code, answer["Location"]) == (302, f"/console/reports/triage/?case={case.code}")
    file = shown(case)
    assert queries.is_public(file)
    drawn = queries.variants(file)
    assert drawn["public"].sha256 != drawn["full"].sha256  # type: ignore[index]
    told = Case.objects.get(pk=case.pk).story.get(kind="photo_seen")
    assert (told.content, told.is_public) == ({"file": str(photo.pk), "boxes": 1}, False)
    # Taken back, nobody outside sees anything of it.
    assert desk.post(path, {"do": "hide"}).status_code == 302
    assert not queries.is_public(shown(case))
    assert desk.post(path, {"do": "open"}).status_code == 302
    assert queries.is_public(shown(case))


def test_what_is_wrong_is_refused_and_changes_nothing(office: Office, case: Case, photo: File) -> None:
    path, desk = f"{page(case)}photos/{photo.pk}/", client_of(office.desk)
    for boxes in ("", "x", "[]", "{}", "[[0,0,2,1]]", '[["a",0,1,1]]', '[[0,0,1,1,"pink"]]', "[[0,0,0,0]]"):
        answer = desk.post(path, {"do": "cover", "boxes": boxes})
        assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (422, True), boxes
    assert desk.post(path, {}).status_code == 422
    other = office.report()
    assert desk.get(f"{page(other)}photos/{photo.pk}/").status_code == 404
    assert desk.get(f"{page(case)}photos/999999/").status_code == 404
    with pytest.raises(NotFound):
        covering.cover(other, photo, [FACE], by=office.desk)
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    for do in ("cover", "open"):
        assert (
            client_of(office.engineer)
            .post(path, {"do": do, "boxes": msgspec.json.encode([FACE]).decode()})
            .status_code
            == 422
        )
    with pytest.raises(NotAllowed):
        covering.uncover(case, photo, by=office.engineer, is_open=True)
    assert not queries.is_public(shown(case))
    assert not Case.objects.get(pk=case.pk).story.filter(kind="photo_seen").exists()


def test_answer_is_published_once_its_photos_were_looked_at(office: Office, case: Case, photo: File) -> None:
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=office.desk)
    said = {"answer": "Đã thay nắp", "after": [str(photo.pk)]}
    moving.move(case, "answer", said, by=office.engineer)
    with pytest.raises(Refused, match="che mặt người"):
        moving.move(case, "publish", by=office.desk)
    link = f'href="{page(case)}photos/{photo.pk}/"'
    assert link in client_of(office.desk).get(page(case)).content.decode()
    assert link not in client_of(office.engineer).get(page(case)).content.decode()
    covering.cover(case, photo, [FACE], by=office.desk)
    moving.move(case, "publish", by=office.desk)
    assert case.state == "closed"
