"""Reports that programs bring: taken in once, by the citizen's own action, and only what belongs here."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve

from tests.city import BY
from tests.office import Office, at
from tests.web_peer import Said, peer
from toancanh.domains.reports import admission
from toancanh.domains.reports.models import Sending
from toancanh.domains.reports.open311.tests.calling import ROOT, error, new_key, post, said, sent
from toancanh.domains.reports.tests.saying import photo
from toancanh.kernel.cases import parties
from toancanh.kernel.cases.models import Case, Party, PartyRole
from toancanh.kernel.files.models import File
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock, doors


def upload(content: bytes = b"", name: str = "anh.jpg") -> SimpleUploadedFile:
    """A file of a form."""
    return SimpleUploadedFile(name, content or photo(), content_type="image/jpeg")


def test_post_opens_a_report_by_its_channel_and_gives_its_code(desk: Office, client: Client) -> None:
    answer = post(client, said(new_key()))
    assert answer.status_code == 201
    (made,) = answer.json()
    case = Case.objects.get()
    assert made["service_request_id"] == case.code == "PA26-000001"
    assert (case.channel, case.category, case.unit, case.state) == (
        "open311",
        "water.drain",
        desk.city.west,
        "received",
    )
    assert made["account_id"] is None
    secret = made["service_notice"].rstrip("/").rpartition("/")[2]
    assert parties.by_link(secret).case == case
    assert Entry.objects.filter(action="reports.brought", content__contains='"client":"app"').exists()


def test_contact_is_sealed_and_nobody_is_written_to_by_what_was_only_typed(
    desk: Office, client: Client
) -> None:
    fields = said(
        new_key(), first_name="An", last_name="Trần Văn", phone="0914 123 456", email="an@example.vn"
    )
    case = sent(client, fields)
    party = Party.objects.get()
    assert "0914" not in json.dumps(list(Case.objects.values()), default=str)
    known = parties.identity(party, by=desk.desk, reason="hỏi thêm")
    assert (known.name, known.unproven, known.unproven_email) == (
        "Trần Văn An",
        "+84914123456",
        "an@example.vn",
    )
    assert parties.recipients(case, PartyRole.REPORTER, "/pa/{secret}/") == []


def test_photos_come_as_files_of_the_form(desk: Office, client: Client) -> None:
    case = sent(client, {**said(new_key()), "media": [upload(), upload(photo("blue"))]})
    assert len(case.facts["pictures"]) == 2
    assert File.objects.filter(subject=f"case:{case.pk}").count() == 2


def test_a_file_that_is_no_photo_is_refused_and_no_report_is_made(desk: Office, client: Client) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for content in (svg, b"MZ" + b"\0" * 500, b"%PDF-1.4\n%%EOF"):
        status, _text = error(post(client, {**said(new_key(str(len(content)))), "media": upload(content)}))
        assert status == 400
    assert Case.objects.count() == 0


def test_more_photos_than_a_report_bears_are_refused(desk: Office, client: Client) -> None:
    many = [upload(photo(colour)) for colour in ("red", "blue", "green", "black", "white", "pink")]
    assert error(post(client, {**said(new_key()), "media": many}))[0] == 400
    assert (Case.objects.count(), File.objects.count()) == (0, 0)


@pytest.mark.slow
def test_photo_elsewhere_is_fetched_through_the_one_door(desk: Office, client: Client, settings: Any) -> None:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    with peer() as other:
        other.says["/anh.jpg"] = Said(photo(), headers={"Content-Type": "image/jpeg"})
        case = sent(client, said(new_key(), media_url=other.url("/anh.jpg")))
    assert len(case.facts["pictures"]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/a.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/a.jpg",
        "file:///etc/passwd",
        "http://user:pw@example.com/a.jpg",
        "http://100.64.0.1/",
        "gopher://127.0.0.1/",
        "không phải địa chỉ",
    ],
)
def test_photo_within_a_private_network_is_not_fetched_and_says_what_to_do(
    desk: Office, client: Client, url: str
) -> None:
    status, text = error(post(client, said(new_key(), media_url=url)))
    assert status == 400
    assert "media" in text
    assert "mạng nội bộ" not in text, "nothing is told of the network here"
    assert Case.objects.count() == 0


@pytest.mark.slow
def test_the_same_post_however_often_is_one_report_with_one_answer(desk: Office, client: Client) -> None:
    fields = {**said(new_key()), "attribute[easting]": "1"}
    answers = [post(client, fields) for _turn in range(50)]
    assert [answer.status_code for answer in answers] == [201, *[200] * 49]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert (Case.objects.count(), Party.objects.count(), Sending.objects.count()) == (1, 1, 1)


def test_the_same_words_are_another_report_once_a_day_has_passed(desk: Office, client: Client) -> None:
    fields = said(new_key())
    with at("2026-11-20 23:50"):
        first = sent(client, fields)
    with at("2026-11-21 00:10"):
        assert post(client, fields).json()[0]["service_request_id"] == first.code, "across midnight"
    with at("2026-11-21 23:55"):
        assert sent(client, fields) != first


def test_key_of_the_caller_decides_what_is_the_same(desk: Office, client: Client) -> None:
    fields = said(new_key())
    one = {"Idempotency-Key": "7"}
    made = [post(client, fields, **one) for _turn in range(3)]
    assert len({answer.content for answer in made}) == 1
    assert post(client, fields, **{"Idempotency-Key": "8"}).status_code == 201
    status, text = error(post(client, {**fields, "description": "Đèn tắt"}, **one))
    assert status == 400
    assert "PA26-000001" in text
    assert Case.objects.count() == 2


def test_the_same_key_of_another_caller_is_another_report(desk: Office, client: Client) -> None:
    one = {"Idempotency-Key": "7"}
    first, second = (post(client, said(new_key(name)), **one) for name in ("app", "other"))
    assert first.json()[0]["service_request_id"] != second.json()[0]["service_request_id"]


def test_lost_answer_is_found_again_by_the_callers_key(desk: Office, client: Client) -> None:
    key = new_key()
    made = post(client, said(key), **{"Idempotency-Key": "7c1f"}).json()[0]["service_request_id"]
    found = client.get(f"{ROOT}/tokens/7c1f.json", {"api_key": key})
    assert found.json() == [{"service_request_id": made, "token": "7c1f"}]
    assert error(client.get(f"{ROOT}/tokens/7c1f.json", {"api_key": new_key("other")}))[0] == 404
    assert error(client.get(f"{ROOT}/tokens/7c1f.json"))[0] == 404


def test_unknown_attributes_are_not_lost_in_silence(desk: Office, client: Client) -> None:
    answer = post(client, {**said(new_key()), "attribute[WHISPAWN]": "123456", "attribute[easting]": "1"})
    assert answer.status_code == 201
    assert "WHISPAWN, easting" in answer.json()[0]["service_notice"]


def test_commune_may_stand_for_a_place(desk: Office, client: Client) -> None:
    key = new_key()
    nowhere = {**said(key), "lat": "", "long": ""}
    status, text = error(post(client, nowhere))
    assert status == 400
    assert "address_string" in text
    assert sent(client, {**nowhere, "attribute[unit]": "90002"}).unit == desk.city.east
    assert sent(client, {**nowhere, "address_id": "90001"}).unit == desk.city.west
    assert sent(client, {**nowhere, "address_string": "12 Lê Lợi, phường Dương Nỗ"}).unit == desk.city.west
    assert error(post(client, {**nowhere, "attribute[unit]": "12345"}))[0] == 400


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"lat": "abc"}, 400),
        ({"lat": "1e5"}, 400),
        ({"lat": "NaN"}, 400),
        ({"lat": ""}, 400),
        ({"lat": "91"}, 400),
        ({"lat": "16.05", "long": "999"}, 400),
        ({"lat": "37.76524078", "long": "-122.4212043"}, 400),
        ({"lat": "0", "long": "0"}, 400),
        ({"service_code": ""}, 400),
        ({"service_code": "water"}, 404),
        ({"service_code": "033"}, 404),
        ({"service_code": "' OR 1=1 --"}, 404),
        ({"description": "a" * 10_001}, 400),
        ({"phone": "111111111"}, 400),
        ({"email": "an@"}, 400),
        ({"first_name": "a" * 101}, 400),
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_nothing_is_kept(
    desk: Office, client: Client, fields: dict[str, str], status: int
) -> None:
    found, text = error(post(client, {**said(new_key()), **fields}))
    assert found == status
    assert len(text) > 20
    assert (Case.objects.count(), Party.objects.count(), Sending.objects.count()) == (0, 0, 0)


def test_complaints_and_denunciations_are_led_elsewhere_and_not_kept(desk: Office, client: Client) -> None:
    key = new_key()
    before = Entry.objects.count()
    status, text = error(post(client, {**said(key), "description": "Tôi tố cáo ông A", "media": upload()}))
    assert status == 400
    assert "tố cáo" in text.lower()
    assert "meant" not in text
    status, text = error(post(client, said(key, description="Nếu không sửa tôi sẽ gửi khiếu nại")))
    assert (status, "attribute[meant]=yes" in text) == (400, True)
    assert (Case.objects.count(), File.objects.count(), Entry.objects.count()) == (0, 0, before)
    meant = {**said(key, description="Nếu không sửa tôi sẽ gửi khiếu nại"), "attribute[meant]": "yes"}
    assert sent(client, meant).state == "received"


NAUGHTY = [
    "Cống\x00 vỡ",
    "Cống \x0b\x1f\x7f vỡ",
    "\u202egnốC vỡ",
    "<script>alert(1)</script> cống vỡ",
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'> & cống",
    "'; DROP TABLE cases_case; --",
    "🕳️ Cống 👩‍👩‍👧‍👦 vỡ \ufffe\uffff",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢ cống",
]


@pytest.mark.parametrize("words", NAUGHTY)
def test_naughty_words_are_kept_as_text(desk: Office, client: Client, words: str) -> None:
    case = sent(client, said(new_key(), description=words))
    assert "\0" not in case.words
    assert case.title


def test_words_may_be_left_out(desk: Office, client: Client) -> None:
    assert sent(client, said(new_key(), description="")).words


def test_body_may_be_json(desk: Office, client: Client) -> None:
    fields: dict[str, Any] = {**said(new_key()), "lat": 16.05, "long": 107.05, "attribute": {"unit": "90001"}}
    answer = client.post(f"{ROOT}/requests.json", fields, content_type="application/json")
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[1]"),
        ("application/json", b"{"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"lat": {"a": 1}}'),
        ("application/json", b"\xff\xfe"),
        ("text/xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(2_000))),
        ("application/x-www-form-urlencoded", b"description=" + b"a" * 3_000_000),
        ("application/x-www-form-urlencoded", b"%ff=%fe"),
        ("application/x-www-form-urlencoded", b""),
    ],
)
def test_bodies_that_are_none_are_refused_in_the_form_of_the_specification(
    desk: Office, client: Client, kind: str, body: bytes
) -> None:
    answer = client.post(f"{ROOT}/requests.json", body, content_type=kind)
    assert error(answer)[0] in (400, 403)


def test_keys_that_are_none_are_refused(desk: Office, client: Client) -> None:
    device = people.create_token("gauge", by=BY).secret
    over = new_key("over", expires_at=clock.now() - timedelta(seconds=1))
    revoked = new_key("revoked")
    people.revoke_token("revoked", by=BY)
    for key in ("", "xyz", device, over, revoked, "tc_" + "A" * 5_000, "'--"):
        assert error(post(client, said(key)))[0] == 403, key
    assert Case.objects.count() == 0


def test_key_may_come_as_a_bearers(desk: Office, client: Client) -> None:
    key = new_key()
    assert post(client, said(""), Authorization=f"Bearer {key}").status_code == 201


@pytest.mark.slow
def test_guessed_keys_are_slowed_and_a_good_one_still_passes(desk: Office, client: Client) -> None:
    statuses = [post(client, said(f"tc_{number}")).status_code for number in range(70)]
    assert set(statuses[:60]) == {403}
    assert statuses[-1] == 429
    assert post(client, said(new_key())).status_code == 201


@pytest.mark.slow
def test_one_device_of_an_app_is_slowed_and_the_others_are_not(desk: Office, client: Client) -> None:
    key = new_key()
    statuses = [
        post(client, said(key, device_id="tt222111", description=f"Cống vỡ số {number}")).status_code
        for number in range(8)
    ]
    assert statuses == [*[201] * 6, 429, 429]
    answer = post(client, said(key, device_id="tt222111", description="Đèn tắt"))
    assert int(answer.headers["Retry-After"]) > 0
    assert post(client, said(key, device_id="another", description="Đèn tắt")).status_code == 201


def test_key_sends_no_faster_than_its_rate(desk: Office, client: Client) -> None:
    key = new_key(rate=3)
    statuses = [post(client, said(key, description=f"Cống vỡ số {n}")).status_code for n in range(5)]
    assert statuses == [201, 201, 201, 429, 429]


def test_setting_of_the_locality_holds_for_programs_too(desk: Office, client: Client) -> None:
    admission.change("account", "", "Quyết định thử", by=BY)
    assert error(post(client, said(new_key())))[0] == 403
    assert Case.objects.count() == 0


def test_a_cookie_of_somebody_brings_no_report(desk: Office, client: Client) -> None:
    """A browser that is signed in is not made to send: without a key nothing is taken."""
    client.force_login(Person.objects.get(username="tiepnhan"))
    assert error(post(client, said("")))[0] == 403


def test_readers_take_no_place_of_who_sends_photos() -> None:
    for path in ("requests", "servicerequestupdates"):
        found = doors.of(resolve(f"{ROOT}/{path}.json").func)
        assert found is not None
        assert (found.asked("GET").caller, found.asked("GET").max_body) == ("public", 0)
        assert found.asked("POST").max_body > 0
    assert doors.of(resolve(f"{ROOT}/requests.json").func).asked("POST").caller == "photos"  # type: ignore[union-attr]
