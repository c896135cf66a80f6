"""The public's pages: the form with and without a script, the page of a link, neighbours and floods."""

from __future__ import annotations

import hashlib
import itertools
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.office import Office
from toancanh.domains.reports import actions, flooding, phones, story
from toancanh.domains.reports.flooding import Flooding, Sender
from toancanh.domains.reports.models import PhoneCode
from toancanh.domains.reports.tests.saying import key, photo, said, send
from toancanh.kernel.cases import covering, moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.files import actions as files
from toancanh.kernel.files import links, work
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import File, Variant
from toancanh.lib.errors import Refused

JSON = {"Accept": "application/json"}


def post(client: Client, path: str = "/reports/new/", **more: Any) -> Any:
    """Send a form as the script does."""
    return client.post(path, said(**more), headers=JSON)


def test_form_stands_without_a_script_and_leads_to_the_link(desk: Office, client: Client) -> None:
    page = client.get("/reports/new/")
    assert page.status_code == 200
    assert "Gửi phản ánh" in page.content.decode()
    picture = SimpleUploadedFile("anh.jpg", photo(), content_type="image/jpeg")
    answer = client.post("/reports/send/", {**said(), "photo": picture}, follow=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "PA26-000001" in text
    assert "data:image/svg+xml" in text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert File.objects.get().subject == f"case:{Case.objects.get().pk}"


def test_what_was_typed_stays_where_something_is_missing(desk: Office, client: Client) -> None:
    answer = client.post("/reports/send/", said(category=""))
    assert answer.status_code == 422
    assert "Nắp cống vỡ" in answer.content.decode()


def test_the_script_is_told_the_link_again_as_often_as_it_asks(desk: Office, client: Client) -> None:
    one = key()
    told = [post(client, key=one).json() for _turn in range(20)]
    assert len({said["link"] for said in told}) == 1
    assert Case.objects.count() == 1


def test_a_place_elsewhere_and_other_doors_are_told_in_words(desk: Office, client: Client) -> None:
    outside = post(client, lon="100.5", lat="13.7")
    led = post(client, words="Tôi tố cáo ông A")
    assert (outside.status_code, outside.json()["code"]) == (422, "outside")
    assert (led.status_code, led.json()["code"], led.json()["certain"]) == (422, "elsewhere", True)


def test_hints_name_the_ward_and_show_who_said_it_before(desk: Office, client: Client) -> None:
    post(client)
    told = client.post("/reports/hints/", said(), headers=JSON).json()
    assert (told["unit"], told["proposed"][0], len(told["near"])) == ("Phường Dương Nỗ", "water.drain", 1)
    assert "số 12" not in str(told["near"])


@pytest.mark.slow
def test_two_hundred_neighbours_behind_one_address_pass(desk: Office) -> None:
    for _turn in range(200):
        client = Client()
        client.get("/reports/new/")
        assert post(client).status_code == 200
    assert Case.objects.count() == 200


def test_a_device_that_floods_works_for_each_report(desk: Office, client: Client) -> None:
    client.get("/reports/new/")
    for _turn in range(6):
        assert post(client).status_code == 200
    one = key()
    answer = post(client, key=one)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (429, "flooding")
    solution = next(
        text
        for text in (f"{told['puzzle']}/{number}" for number in itertools.count())
        if int.from_bytes(hashlib.sha256(text.encode()).digest()) >> (256 - told["bits"]) == 0
    )
    assert post(client, solution=solution).status_code == 429, "another report is another puzzle"
    assert post(client, key=one, solution=solution).status_code == 200


def test_fresh_tokens_share_what_their_address_may_send(desk: Office) -> None:
    for _turn in range(240):
        flooding.count(Sender(device=flooding.token(), address="10.0.0.1"))
    asked = []
    for _turn in range(2):
        with pytest.raises(Flooding) as fault:
            flooding.check(Sender(device=flooding.token(), address="10.0.0.1"), key())
        asked.append(fault.value.bits)
    # A new token begins no easier puzzle.
    assert asked[1] > asked[0]
    flooding.check(Sender(device="old", address="10.0.0.1", is_fresh=False), key())
    flooding.check(Sender(device="new", address="10.0.0.2"), key())


def test_token_is_fresh_for_a_day_and_what_is_none_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = flooding.token(), time.time()
    assert flooding.is_fresh(made)
    assert flooding.is_fresh("")
    assert flooding.is_fresh(f"{made[:-1]}!")
    monkeypatch.setattr(time, "time", lambda: now + flooding.AGED + 5)
    assert flooding.device(made)
    assert not flooding.is_fresh(made)
    monkeypatch.setattr(time, "time", lambda: now + flooding.YEAR + 5)
    assert flooding.is_fresh(made)


def test_codes_are_counted_by_device_and_by_address(desk: Office) -> None:
    for n in range(240):
        assert not phones.address_rate.take("10.0.0.1"), n
    with pytest.raises(Refused, match="mã"):
        phones.ask("0914123456", device=flooding.token(), address="10.0.0.1")
    assert PhoneCode.objects.count() == 0
    phones.ask("0914123456", device=flooding.token(), address="10.0.0.2")
    assert PhoneCode.objects.count() == 1


def test_what_is_refused_takes_nothing_of_what_a_device_may_send(desk: Office, client: Client) -> None:
    client.get("/reports/new/")
    for _turn in range(8):
        assert post(client, lon="100.5", lat="13.7").json()["code"] == "outside"
    assert [post(client).status_code for _turn in range(7)] == [200] * 6 + [429]


def test_guessed_links_open_nothing_and_are_slowed(desk: Office, client: Client) -> None:
    link = post(client).json()["link"]
    codes = {client.get(f"/pa/{number:022}/").status_code for number in range(60)}
    assert codes == {404, 429}
    assert client.get(link).status_code == 200, "a neighbour's own link still opens"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_send_nothing(desk: Office, client: Client, site: str) -> None:
    answer = client.post("/reports/new/", said(), headers={**JSON, "Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert Case.objects.count() == 0


def asked(desk: Office) -> tuple[Case, str]:
    """A report whose sender is asked something, and the path of his page."""
    sent = send()
    moving.move(sent.case, "ask", {"question": "Ở đâu?"}, by=desk.desk)
    return sent.case, f"/pa/{sent.secret}/"


def test_sender_answers_a_question_with_photos_that_wait_through_a_fault(
    desk: Office, client: Client
) -> None:
    case, path = asked(desk)
    assert f'action="{path}reply/"' in client.get(path).content.decode()
    picture = SimpleUploadedFile("so12.jpg", photo(), content_type="image/jpeg")
    said_so = {"do": "reply", "seen": str(case.number), "reply": " ", "photo": picture}
    answer = client.post(f"{path}reply/", said_so)
    kept = File.objects.get()
    assert answer.status_code == 422
    assert f'name="photos" value="{kept.pk}" checked' in answer.content.decode()
    done = client.post(f"{path}reply/", {**said_so, "reply": "Số 12", "photo": [], "photos": str(kept.pk)})
    assert (done.status_code, done["Location"]) == (302, f"{path}#now")
    kept.refresh_from_db()
    assert kept.subject == f"case:{case.pk}"
    assert case.story.order_by("-number")[0].content["said"]["photos"] == [str(kept.pk)]
    work.prepare(kept)
    assert 'src="/files/' in client.get(path).content.decode()
    # Nothing is asked any more: a photo that comes now leaves nothing behind.
    again = SimpleUploadedFile("x.jpg", photo("blue"), content_type="image/jpeg")
    assert client.post(f"{path}reply/", {**said_so, "reply": "x", "photo": again}).status_code == 422
    assert File.objects.count() == 1


def test_reply_takes_photos_alone_and_nobody_elses(desk: Office, client: Client) -> None:
    case, path = asked(desk)
    said_so = {"do": "reply", "seen": str(case.number), "reply": "Số 12"}
    pdf = SimpleUploadedFile("x.pdf", b"%PDF-1.4\n%%EOF\n", content_type="application/pdf")
    assert client.post(f"{path}reply/", {**said_so, "photo": pdf}).status_code == 422
    other = actions.photo(photo(), "khac.jpg", key())
    client.post(f"{path}reply/", {**said_so, "photos": str(other.pk)})
    other.refresh_from_db()
    assert other.subject == ""
    assert Client().post("/pa/nobody/reply/", said_so).status_code == 404


def test_photos_of_an_answer_are_seen_as_the_desk_left_them(desk: Office, client: Client) -> None:
    sent = send()
    case = sent.case
    moving.move(case, "accept", {"organisation": "qlhtgt"}, by=desk.desk)
    made = files.take(photo(), "sau.jpg", by=desk.engineer, key="k" * 20, subject=f"case:{case.pk}")
    work.prepare(made)
    made.refresh_from_db()
    moving.move(case, "answer", {"answer": "Đã thay", "after": [str(made.pk)]}, by=desk.engineer)
    covering.cover(case, made, [Box(0.1, 0.1, 0.5, 0.5)], by=desk.desk)
    moving.move(case, "publish", by=desk.desk)
    told = story.answers(case)[0].after[0]
    asked_for = {links.read(url.split("/")[2]).variant for url in (told.full, told.small)}
    assert asked_for == {Variant.PUBLIC, Variant.PUBLIC_SMALL}
    covering.uncover(case, made, by=desk.desk, is_open=False)
    assert story.answers(case)[0].after == []
