"""Ready words of reception are changed by who arranges work; what they were stays on record."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.city import person
from tests.office import Office, at
from toancanh.domains.reports.triage import answers, wording
from toancanh.domains.reports.triage.models import Answer, Use
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import access
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.lib.errors import NotAllowed, NotFound, Refused

pytestmark = pytest.mark.django_db


def titles(use: str = Use.ASK) -> list[str]:
    return [row.title for row in answers.ready(use)]


def test_words_are_added_changed_moved_and_ended_and_stay_on_record(desk: Office) -> None:
    answers.declare()
    chief = access.actor(person("quantri", None, people.ADMINISTRATOR))
    assert titles() == ["Vị trí", "Ảnh", "Thời gian"]
    made = wording.add(Use.ASK, "  Số  điện thoại ", "Đề nghị cho biết số để gọi lại.", by=chief)
    assert titles()[-1] == "Số điện thoại"
    with at("2026-11-20 09:00"):
        changed = wording.change(str(made.pk), "Số điện thoại", "Đề nghị cho số để gọi lại.", by=chief)
        wording.up(str(changed.pk), by=chief)
        wording.up(str(answers.ready(Use.ASK)[0].pk), by=chief)
        assert titles() == ["Vị trí", "Ảnh", "Số điện thoại", "Thời gian"]
        before = Answer.objects.get(pk=made.pk)
        assert before.valid_to == changed.valid_from
        assert before.words == "Đề nghị cho biết số để gọi lại."
        with pytest.raises(NotFound):
            wording.change(str(made.pk), "Số", "khác", by=chief)
    with at("2026-11-20 10:00"):
        wording.end(str(changed.pk), by=chief)
        assert "Số điện thoại" not in titles()
    assert Entry.objects.filter(action__startswith="reports.words_").count() == 4


@pytest.mark.parametrize(
    ("use", "title", "words"),
    [("ask", "", "x"), ("ask", "x", " "), ("ask", "x" * 121, "x"), ("ask", "ảnh", "x"), ("lạ", "x", "x")],
)
def test_what_cannot_be_is_refused(desk: Office, use: str, title: str, words: str) -> None:
    answers.declare()
    chief = access.actor(person("quantri", None, people.ADMINISTRATOR))
    with pytest.raises(Refused):
        wording.add(use, title, words, by=chief)
    with pytest.raises(NotAllowed):
        wording.add("ask", "Được", "Được", by=desk.desk)


def test_page_changes_them_and_keeps_what_was_typed(desk: Office) -> None:
    answers.declare()
    client = Client()
    client.force_login(person("quantri", None, people.ADMINISTRATOR))
    page = "/console/reports/words/"
    first = answers.ready(Use.REFUSE)[0]
    form = {
        "do": "change",
        "number": str(first.pk),
        "title": "Ngoài địa bàn",
        "words": "Nơi này của tỉnh bạn.",
    }
    assert client.post(page, form).status_code == 302
    assert "Nơi này của tỉnh bạn." in client.get(page).content.decode()
    again = client.post(page, {"do": "add", "use": "ask", "title": "Ảnh", "words": "Gửi thêm ảnh nữa nhé."})
    assert again.status_code == 422
    assert "Gửi thêm ảnh nữa nhé." in again.content.decode()
    other = Client()
    # Who works at the desk was appointed after the morning at which the office stands.
    with at("2026-11-24 08:00"):
        other.force_login(Person.objects.get(username="tiepnhan"))
        shown = other.get(page).content.decode()
    assert "Nơi này của tỉnh bạn." in shown
    assert 'value="change"' not in shown
