"""What anybody reads by the door: published reports, by every filter, in pages, and not a word more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.office import Office, at
from toancanh.domains.reports.open311.tests.calling import (
    ROOT,
    answered,
    error,
    new_key,
    published,
    said,
    sent,
    xml,
)
from toancanh.domains.reports.triage import actions as triage
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case

FIELDS = [
    "service_request_id",
    "status",
    "status_notes",
    "service_name",
    "service_code",
    "description",
    "agency_responsible",
    "service_notice",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "media_url",
]
"""Of the specification, all of them and no others."""


def ids(client: Client, **asked: str) -> list[str]:
    """Ids of the answer."""
    answer = client.get(f"{ROOT}/requests.json", asked)
    assert answer.status_code == 200, answer.content.decode()
    return [row["service_request_id"] for row in answer.json()]


def test_published_report_is_told_by_its_public_text_and_rounded_place(desk: Office, client: Client) -> None:
    case = published(desk, lon=107.0512345, lat=16.0567891, address="12 Lê Lợi")
    (row,) = client.get(f"{ROOT}/requests.json").json()
    assert list(row) == FIELDS
    assert (row["service_request_id"], row["status"], row["service_code"]) == (
        case.code,
        "open",
        "water.drain",
    )
    assert row["description"] == "Trước trường học"
    assert (row["lat"], row["long"]) == (16.057, 107.051)
    assert row["requested_datetime"] == "2026-11-20T08:00:00+07:00"
    assert row["expected_datetime"] > row["requested_datetime"]
    assert row["address"] == "Phường Dương Nỗ"
    whole = client.get(f"{ROOT}/requests.xml").content.decode()
    assert "Lời người gửi" not in whole
    assert "Lê Lợi" not in whole


def test_report_that_is_not_published_is_in_no_list(desk: Office, client: Client) -> None:
    hidden = desk.report()
    withheld = published(desk)
    triage.publish_text(withheld, "Nắp cống", "", by=desk.desk, is_published=False)
    secret = published(desk)
    Case.objects.filter(pk=secret.pk).update(level=3)
    assert ids(client) == []
    assert ids(client, service_request_id=f"{hidden.code},{withheld.code},{secret.code}") == []
    assert client.get(f"{ROOT}/servicerequestupdates.json").json() == []


def test_code_of_an_unpublished_report_tells_where_it_stands_alone(desk: Office, client: Client) -> None:
    case = desk.report("Lời người gửi")
    (row,) = client.get(f"{ROOT}/requests/{case.code}.json").json()
    assert (row["service_request_id"], row["status"]) == (case.code, "open")
    told = {name for name, fact in row.items() if fact is not None}
    assert told == {"service_request_id", "status", "status_notes", "service_notice", "updated_datetime"}
    Case.objects.filter(pk=case.pk).update(level=2)
    assert error(client.get(f"{ROOT}/requests/{case.code}.json"))[0] == 404


@pytest.mark.slow
def test_codes_are_not_guessed_through(desk: Office, client: Client) -> None:
    statuses = [client.get(f"{ROOT}/requests/PA26-{number:06}.json").status_code for number in range(130)]
    assert set(statuses[:120]) == {404}
    assert statuses[-1] == 429


def test_answer_and_refusal_are_the_notes(desk: Office, client: Client) -> None:
    done, refused = published(desk), published(desk)
    answered(desk, done, "Đã thay nắp cống")
    moving.move(refused, "refuse", {"reason": "Không rõ chỗ nào"}, by=desk.desk)
    rows = {row["service_request_id"]: row for row in client.get(f"{ROOT}/requests.json").json()}
    assert (rows[done.code]["status"], rows[done.code]["status_notes"]) == ("closed", "Đã thay nắp cống")
    assert rows[done.code]["agency_responsible"] == desk.roads.name
    assert rows[done.code]["expected_datetime"] is None
    assert rows[refused.code]["status_notes"] == "Không rõ chỗ nào"


def test_answer_that_nobody_approved_yet_is_not_told(desk: Office, client: Client) -> None:
    case = published(desk)
    moving.move(case, "accept", {"organisation": desk.roads.code}, by=desk.desk)
    moving.move(case, "answer", {"answer": "Chưa ai duyệt câu này"}, by=desk.engineer)
    for path in ("requests.json", f"requests/{case.code}.json", "servicerequestupdates.json"):
        assert "Chưa ai duyệt" not in client.get(f"{ROOT}/{path}").content.decode()


def test_merged_report_answers_for_ever_and_leads_on(desk: Office, client: Client) -> None:
    first, second = published(desk), published(desk)
    moving.move(second, "merge", {"into": first.code}, by=desk.desk)
    assert ids(client) == [first.code]
    (row,) = client.get(f"{ROOT}/requests/{second.code}.json").json()
    assert row["status"] == "closed"
    assert first.code in row["status_notes"]


@pytest.mark.slow
def test_filters_of_the_specification(desk: Office, client: Client) -> None:
    drain, lamp = published(desk), published(desk)
    Case.objects.filter(pk=lamp.pk).update(category="light.street")
    answered(desk, drain, "Xong")
    both = f"{drain.code},{lamp.code}"
    assert ids(client, status="open") == [lamp.code]
    assert ids(client, status="closed") == [drain.code]
    assert set(ids(client, status="open,closed")) == {drain.code, lamp.code}
    assert ids(client, service_code="light.street") == [lamp.code]
    assert set(ids(client, service_code="light.street,water.drain")) == {drain.code, lamp.code}
    assert ids(client, service_code="033") == []
    assert set(ids(client, service_request_id=both, status="open", start_date="2001-01-01T00:00:00Z")) == {
        drain.code,
        lamp.code,
    }, "ids override every other argument"
    assert ids(client, service_request_id=lamp.code.lower()) == [lamp.code]
    assert set(ids(client, status="", service_code="", jurisdiction_id="hue.gov.vn", start_date="")) == {
        drain.code,
        lamp.code,
    }, "what is empty is as if it were not said"


def test_ninety_days(desk: Office, client: Client) -> None:
    with at("2026-08-01 08:00"):
        old = published(desk)
    with at("2026-11-19 23:59"):
        late = published(desk)
    assert ids(client) == [late.code], "the newest ninety days where none are said"
    assert ids(client, start_date="2026-07-01T00:00:00Z") == [old.code], "ninety days from it on"
    assert ids(client, end_date="2026-08-02T00:00:00Z") == [old.code]
    assert ids(client, start_date="2026-08-01T01:00:00Z", end_date="2026-08-01T01:00:00Z") == [old.code]
    assert ids(client, start_date="2026-11-19", end_date="2026-11-19") == [late.code], "days are meant whole"
    assert ids(client, start_date="2026-11-19T00:00:00+07:00") == [late.code]
    asked = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"}
    status, text = error(client.get(f"{ROOT}/requests.json", asked))
    assert (status, "90" in text) == (400, True)


@pytest.mark.slow
def test_pages_and_their_link(desk: Office, client: Client) -> None:
    made = [published(desk).code for _number in range(5)][::-1]
    first = client.get(f"{ROOT}/requests.json", {"page_size": "2", "status": "open"})
    assert first.headers["Link"].endswith(
        '/open311/v2/requests.json?page_size=2&status=open&page=2>; rel="next"'
    )
    turned = [ids(client, page_size="2", page=str(number)) for number in (1, 2, 3, 4)]
    assert turned == [made[:2], made[2:4], made[4:], []]
    assert ids(client, per_page="3") == made[:3], "as SeeClickFix says it"
    assert ids(client, page_size="999999") == made, "a thousand at most"


def test_what_changed_after(desk: Office, client: Client) -> None:
    old, quiet = published(desk), published(desk)
    with at("2026-11-20 14:00"):
        answered(desk, old, "Xong")
        assert ids(client, updated_after="2026-11-20T12:00:00+07:00") == [old.code]
        assert set(ids(client, updated_before="2026-11-20T12:00:00+07:00")) == {old.code, quiet.code}
        new = desk.report()
    with at("2026-11-20 16:00"):
        triage.publish_text(new, "Mới", "", by=desk.desk, is_published=True)
        assert ids(client, updated_after="2026-11-20T15:00:00+07:00") == [new.code], "news is when it is told"


def test_circle_goes_by_the_place_that_is_told(desk: Office, client: Client) -> None:
    case = published(desk, lon=107.0504, lat=16.0504)
    assert ids(client, lat="16.05", long="107.05", radius="20") == [case.code]
    assert ids(client, lat="16.0504", long="107.0504", radius="20") == [], (
        "the exact place is nobody's business"
    )
    assert ids(client, lat="16.06", long="107.05", radius="1200") == [case.code]
    assert ids(client, lat="16.06", long="107.05", radius="1000") == []


BAD: list[dict[str, str]] = [
    {"status": "reopened"},
    {"start_date": "gestern"},
    {"start_date": "2026-13-45"},
    {"start_date": "2010-05-24T00:00:00"},
    {"start_date": "2026-11-20T00:00:00Z", "end_date": "2026-11-10T00:00:00Z"},
    {"page": "0"},
    {"page": "-1"},
    {"page": "٣"},
    {"page": "99999999999999999999"},
    {"page": "100000", "page_size": "1000"},
    {"page_size": "x"},
    {"lat": "16.05"},
    {"lat": "16.05", "long": "107.05", "radius": "-5"},
    {"lat": "nan", "long": "107.05", "radius": "5"},
    {"lat": "16.05", "long": "107.05", "radius": "1e9"},
    {"service_request_id": ",".join(f"PA26-{number}" for number in range(300))},
    {"service_code": "a\0b"},
]


@pytest.mark.parametrize("asked", BAD, ids=lambda asked: str(asked)[:50])
def test_bad_questions_are_refused_with_a_sentence(
    desk: Office, client: Client, asked: dict[str, str]
) -> None:
    for path in ("requests", "servicerequestupdates"):
        if path != "requests" and not {"start_date", "page", "page_size"} & set(asked):
            continue
        status, text = error(client.get(f"{ROOT}/{path}.json", asked))
        assert status == 400
        assert len(text) > 15
    root = xml(client.get(f"{ROOT}/requests.xml", asked))
    assert [one.tag for one in root.iter()] == ["errors", "error", "code", "description"]


def test_extreme_times_are_no_fault(desk: Office, client: Client) -> None:
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "9999-12-31", "0001-01-01"):
        for name in ("start_date", "end_date", "updated_after", "updated_before"):
            assert client.get(f"{ROOT}/requests.json", {name: text}).status_code in (200, 400)


def test_xml_holds_what_json_says_whatever_was_written(desk: Office, client: Client) -> None:
    words = "<b>&amp; ]]> \"'\u2028 🕳️</b> <!ENTITY x SYSTEM 'file:///etc/passwd'>"
    published(desk, words=words)
    (row,) = client.get(f"{ROOT}/requests.json").json()
    root = xml(client.get(f"{ROOT}/requests.xml"))
    assert (root.tag, [one.tag for one in root]) == ("service_requests", ["request"])
    found = {one.tag: one.text for one in root[0]}
    assert found["description"] == row["description"] == words
    assert found == {name: None if fact is None else str(fact) for name, fact in row.items()}


def test_signs_that_xml_cannot_hold_are_left_out_of_it(desk: Office, client: Client) -> None:
    case = published(desk)
    type(case.report).objects.update(public_words="Nắp\x0b\x1f\ufffe\uffff cống")
    (request,) = xml(client.get(f"{ROOT}/requests.xml"))
    assert request.findtext("description") == "Nắp cống"


def test_long_texts_are_cut_as_the_specification_has_it(desk: Office, client: Client) -> None:
    published(desk, words="ă" * 9_000)
    assert len(client.get(f"{ROOT}/requests.json").json()[0]["description"]) == 4_000


@pytest.mark.slow
def test_queries_do_not_grow_with_rows(
    desk: Office, client: Client, django_assert_max_num_queries: Any
) -> None:
    merged = published(desk)
    for _number in range(12):
        answered(desk, published(desk), "Xong")
    moving.move(merged, "merge", {"into": published(desk).code}, by=desk.desk)
    codes = ",".join(Case.objects.values_list("code", flat=True))
    client.get(f"{ROOT}/requests.json")
    for path, most in (("requests.json", 9), (f"requests.json?service_request_id={codes}", 11)):
        with django_assert_max_num_queries(most):
            assert len(client.get(f"{ROOT}/{path}").json()) >= 12
    with django_assert_max_num_queries(4):
        assert len(client.get(f"{ROOT}/servicerequestupdates.json").json()) == 25


def test_unchanged_answers_are_not_sent_twice(desk: Office, client: Client) -> None:
    published(desk)
    for path in ("requests.json", "requests.xml", "services.json", "discovery.json"):
        first = client.get(f"{ROOT}/{path}")
        assert first.headers["Access-Control-Allow-Origin"] == "*"
        assert first.headers["Cache-Control"] == "public, max-age=30"
        again = client.get(f"{ROOT}/{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    answer = client.get(f"{ROOT}/requests.json", {"api_key": new_key()})
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_updates_are_what_happened_the_oldest_first(desk: Office, client: Client) -> None:
    case = published(desk)
    with at("2026-11-20 09:00"):
        answered(desk, case, "Đã thay nắp cống")
        rows = client.get(f"{ROOT}/servicerequestupdates.json").json()
    assert [row["status"] for row in rows] == ["open", "closed"]
    assert {row["service_request_id"] for row in rows} == {case.code}
    assert len({row["update_id"] for row in rows}) == 2
    assert rows[-1]["description"].endswith("Đã thay nắp cống")
    assert rows[-1]["updated_datetime"] == "2026-11-20T09:00:00+07:00"
    with at("2026-11-20 10:00"):
        asked = {"start_date": "2026-11-20T08:30:00+07:00", "end_date": "2026-11-20T10:00:00+07:00"}
        root = xml(client.get(f"{ROOT}/servicerequestupdates.xml", asked))
    assert [one.tag for one in root] == ["request_update"] * 2


def test_key_reads_where_its_own_reports_stand_before_they_are_published(
    desk: Office, client: Client
) -> None:
    key = new_key()
    case = sent(client, said(key))
    desk.report()
    (row,) = client.get(f"{ROOT}/requests.json", {"service_request_id": case.code, "api_key": key}).json()
    assert (row["status"], row["description"]) == ("open", None)
    assert ids(client, service_request_id=case.code, api_key=new_key("other")) == []
    with at("2026-11-20 08:30"):
        moving.move(case, "ask", {"question": "Cống bên trái hay bên phải?"}, by=desk.desk)
    with at("2026-11-20 09:00"):
        path = f"{ROOT}/servicerequestupdates.json"
        (update,) = client.get(path, {"api_key": key}).json()
        assert "bên trái hay bên phải" in update["description"]
        assert client.get(path).json() == []
        assert client.get(path, {"api_key": ""}).json() == [], "an empty key is none"
        assert error(client.get(path, {"api_key": "tc_forged"}))[0] == 403


def test_sender_answers_and_asks_again_through_the_program(desk: Office, client: Client) -> None:
    key = new_key()
    case = sent(client, said(key))
    path = f"{ROOT}/servicerequestupdates.json"
    update = {"api_key": key, "service_request_id": case.code, "status": "OPEN", "description": "Bên trái"}
    assert error(client.post(path, update))[0] == 400, "nobody asked"
    moving.move(case, "ask", {"question": "Bên nào?"}, by=desk.desk)
    first = client.post(path, {**update, "update_id": "991"})
    again = client.post(path, {**update, "update_id": "991"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    case.refresh_from_db()
    assert (case.state, case.facts["reply"]) == ("received", "Bên trái")
    assert error(client.post(path, {**update, "api_key": new_key("other")}))[0] == 404
    answered(desk, case, "Xong")
    done = {**update, "update_id": "992", "status": "REOPEN", "description": "Vẫn vỡ"}
    assert client.post(path, done).status_code == 201
    case.refresh_from_db()
    assert (case.state, case.round) == ("returned", 2)


def test_nobody_is_thanked_for_an_empty_answer(desk: Office, client: Client) -> None:
    key = new_key()
    case = sent(client, said(key))
    moving.move(case, "ask", {"question": "Bên nào?"}, by=desk.desk)
    update = {"api_key": key, "service_request_id": case.code, "description": " "}
    assert error(client.post(f"{ROOT}/servicerequestupdates.json", update))[0] == 400


def test_services_are_the_categories_of_today_in_the_readers_language(desk: Office, client: Client) -> None:
    rows = {row["service_code"]: row for row in client.get(f"{ROOT}/services.json").json()}
    english = client.get(f"{ROOT}/services.json", headers={"Accept-Language": "en"}).json()
    drain = rows["water.drain"]
    assert (drain["metadata"], drain["type"]) == (False, "realtime")
    assert "cống" in drain["keywords"]
    assert drain["group"]
    assert next(row for row in english if row["service_code"] == "water.drain")["group"] != drain["group"]
    root = xml(client.get(f"{ROOT}/services.xml"))
    assert [one.tag for one in root] == ["service"] * len(rows)


def test_definition_names_the_communes(desk: Office, client: Client) -> None:
    said_so = client.get(f"{ROOT}/services/water.drain.json").json()
    unit = said_so["attributes"][0]
    assert (said_so["service_code"], unit["code"], unit["required"]) == ("water.drain", "unit", False)
    assert {"key": "90001", "name": "Phường Dương Nỗ"} in unit["values"]
    root = xml(client.get(f"{ROOT}/services/water.drain.xml"))
    assert root.tag == "service_definition"
    assert root.findtext("attributes/attribute/values/value/key") == "90001"
    for code in ("033", "water", "a" * 500, "..%2f..", "'"):
        assert client.get(f"{ROOT}/services/{code}.xml").status_code == 404


def test_discovery_leads_to_the_door(desk: Office, client: Client) -> None:
    for path in ("/open311/discovery.json", f"{ROOT}/discovery.json"):
        (endpoint,) = client.get(path).json()["endpoints"]
        assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert endpoint["url"] == "http://testserver/open311/v2"
        assert endpoint["formats"] == ["application/json", "text/xml"]
    root = xml(client.get("/open311/discovery.xml"))
    assert root.findtext("endpoints/endpoint/formats/format") == "application/json"


def test_nothing_else_is_answered_there(desk: Office, client: Client) -> None:
    for path in ("requests.csv", "requests", "services.html", "", "../v2"):
        assert client.get(f"{ROOT}/{path}").status_code == 404


def test_old_day_stays_a_day(desk: Office, client: Client) -> None:
    """The door reads the clock of the program, under which the demo lives."""
    case = published(desk)
    with at("2027-06-01 08:00"):
        assert ids(client) == []
        assert ids(client, start_date=str((case.opened_at - timedelta(days=1)).date())) == [case.code]
