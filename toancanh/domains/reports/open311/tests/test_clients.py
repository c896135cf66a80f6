"""Requests as other cities' programs make them, to the letter, and answers as they read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.office import Office, at
from tests.web_peer import Said, peer
from toancanh.domains.reports.open311.tests.calling import ROOT, answered, new_key, published, xml
from toancanh.domains.reports.tests.saying import photo
from toancanh.kernel.cases.models import Case

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def urlencoded(client: Client, path: str, fields: Mapping[str, str], kind: str = FORM) -> Any:
    """A form as browsers and most libraries pack it."""
    return client.post(f"{ROOT}/{path}", urlencode(fields), content_type=kind)


def test_example_of_the_specification(desk: Office, client: Client, settings: Any) -> None:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    with peer() as other:
        other.says["/2212426634.jpg"] = Said(photo(), headers={"Content-Type": "image/jpeg"})
        fields = {
            "api_key": new_key(),
            "jurisdiction_id": "city.gov",
            "service_code": "water.drain",
            "lat": "16.05524078",
            "long": "107.0512043",
            "address_string": "1234 5th street",
            "email": "smit333@sfgov.edu",
            "device_id": "tt222111",
            "account_id": "123456",
            "first_name": "john",
            "last_name": "smith",
            "phone": "0914123456",
            "description": "A large sinkhole is destroying the street",
            "media_url": other.url("/2212426634.jpg"),
            "attribute[WHISPAWN]": "123456",
            "attribute[WHISDORN]": "COISL001",
        }
        answer = urlencoded(client, "requests.xml", fields)
    assert answer.status_code == 201
    (request,) = xml(answer)
    assert [one.tag for one in request] == ["service_request_id", "service_notice", "account_id"]
    case = Case.objects.get(code=request.findtext("service_request_id"))
    assert (case.words, case.address) == ("A large sinkhole is destroying the street", "1234 5th street")
    assert len(case.facts["pictures"]) == 1


def fixmystreet(key: str, **more: str) -> dict[str, str]:
    """`Open311.pm`, `_populate_service_request_params` with two photos and council's extra fields."""
    return {
        "api_key": key,
        "description": "title: Cống vỡ\n\ndetail: Nắp cống vỡ\n\nurl: http://example.com/report/17\n\n"
        "Submitted via FixMyStreet\n",
        "service_code": "water.drain",
        "first_name": "An",
        "last_name": "Trần Văn",
        "email": "an@example.vn",
        "lat": "16.05",
        "long": "107.05",
        "attribute[easting]": "529025",
        "attribute[fixmystreet_id]": "17",
        **more,
    }


def test_fixmystreet_sends_a_report_and_its_answer_is_found(
    desk: Office, client: Client, settings: Any
) -> None:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    with peer() as other:
        for name, colour in (("/0.jpeg", "red"), ("/1.jpeg", "blue")):
            other.says[name] = Said(photo(colour), headers={"Content-Type": "image/jpeg"})
        body = urlencode(
            [
                *fixmystreet(new_key()).items(),
                ("media_url", other.url("/0.jpeg")),
                ("media_url", other.url("/1.jpeg")),
            ]
        )
        answer = client.post(f"{ROOT}/requests.xml", body, content_type="application/x-www-form-urlencoded")
    found = xml(answer).findall("request")
    # $obj->{request}->[0]->{service_request_id}
    case = Case.objects.get(code=found[0].findtext("service_request_id"))
    assert len(case.facts["pictures"]) == 2


def test_fixmystreet_reads_errors(desk: Office, client: Client) -> None:
    answer = urlencoded(client, "requests.xml", fixmystreet("xyz"))
    assert answer.status_code == 403
    # sprintf( "%s: %s\n", $_->{code}, $_->{description} )
    (fault,) = xml(answer).findall("error")
    assert fault.findtext("code") == "403"
    assert fault.findtext("description")


def test_fixmystreet_fetches_reports_and_updates(desk: Office, client: Client) -> None:
    case = published(desk)
    with at("2026-11-20 09:00"):
        answered(desk, case, "Đã thay")
    with at("2026-11-20 10:00"):
        hours = {"start_date": "2026-11-20T01:30:00Z", "end_date": "2026-11-20T03:00:00Z"}
        path = f"{ROOT}/servicerequestupdates.xml"
        rows = xml(client.get(path, {"api_key": "", **hours})).findall("request_update")
        asked = {"start_date": "2026-11-20T00:00:00Z", "end_date": "2026-11-20T03:00:00Z"}
        reports = xml(client.get(f"{ROOT}/requests.xml", asked)).findall("request")
    for row in rows:
        # Those without one of these are skipped there.
        assert all(row.findtext(name) for name in ("update_id", "service_request_id", "updated_datetime"))
        assert row.findtext("status") in ("open", "closed")
    assert [row.findtext("status") for row in rows] == ["open", "closed"]
    # next unless $request->{service_request_id} && $request->{lat} && $request->{long}
    assert [row.findtext("service_request_id") for row in reports] == [case.code]
    assert reports[0].findtext("lat")
    assert reports[0].findtext("long")
    several = {"service_request_id": f"{case.code},PA26-999999"}
    assert len(xml(client.get(f"{ROOT}/requests.xml", several))) == 1


def test_fixmystreet_sends_what_a_user_adds(desk: Office, client: Client) -> None:
    key = new_key()
    code = xml(urlencoded(client, "requests.xml", fixmystreet(key))).findtext("request/service_request_id")
    case = Case.objects.get(code=code)
    answered(desk, case, "Đã thay")
    update = {
        "api_key": key,
        "updated_datetime": "2026-11-20T09:00:00+07:00",
        "service_request_id": case.code,
        "status": "REOPEN",
        "description": "Vẫn vỡ",
        "last_name": "-",
        "first_name": "An",
        "email": "an@example.vn",
        "update_id": "123",
    }
    answer = urlencoded(client, "servicerequestupdates.xml", update)
    # $obj->{request_update}->[0]->{update_id}
    assert xml(answer).findtext("request_update/update_id", "").startswith(f"{case.code}-")


def test_three_posts_with_a_photo(desk: Office, client: Client) -> None:
    """`t.post('123', address=…, name='Zach Williams', phone=…, media=open('photo.png', 'rb'))`."""
    fields = {
        "service_code": "water.drain",
        "address_string": "12 Lê Lợi, phường Dương Nỗ",
        "first_name": "Zach",
        "last_name": "Williams",
        "phone": "0914123456",
        "description": "My issue description.",
        "api_key": new_key(),
        "media": SimpleUploadedFile("photo.png", photo(), content_type=""),
    }
    answer = client.post(f"{ROOT}/requests.json", fields)
    assert answer.status_code == 201
    assert Case.objects.get().unit == desk.city.west


def test_three_reads(desk: Office, client: Client) -> None:
    case = published(desk)
    # t.requests(start='11-01-2026', end='11-30-2026', count=10)
    asked = {"start_date": "2026-11-01T00:00:00Z", "end_date": "2026-11-30T00:00:00Z", "page_size": "10"}
    assert [row["service_request_id"] for row in client.get(f"{ROOT}/requests.json", asked).json()] == [
        case.code
    ]
    assert client.get(f"{ROOT}/requests/{case.code}.json").json()[0]["service_request_id"] == case.code
    assert client.get(f"{ROOT}/services/water.drain.json").json()["service_code"] == "water.drain"
    assert "endpoints" in client.get(f"{ROOT}/discovery.json").json()


def test_ruby_client_says_a_jurisdiction_that_is_empty(desk: Office, client: Client) -> None:
    case = published(desk)
    for path in ("services", "services/water.drain", "requests", f"requests/{case.code}"):
        assert client.get(f"{ROOT}/{path}.xml", {"jurisdiction_id": ""}).status_code == 200
    (service, *_others) = xml(client.get(f"{ROOT}/services.xml", {"jurisdiction_id": "dc.gov"}))
    assert service.findtext("service_code")


def test_r311_turns_pages_until_one_is_empty(desk: Office, client: Client) -> None:
    published(desk)
    pages = [client.get(f"{ROOT}/requests.json", {"page": str(number)}).json() for number in (1, 2)]
    assert [len(rows) for rows in pages] == [1, 0]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_san_joses_clients_send_json(desk: Office, client: Client, kind: str) -> None:
    fields = {
        "api_key": new_key(),
        "jurisdiction_id": "city.gov",
        "service_code": "water.drain",
        "lat": "16.05",
        "long": "107.05",
        "address_string": "1234 5th street, san jose, CA",
        "first_name": "John",
        "last_name": "Smith",
        "description": "A large sinkhole is destroying the street",
        "attribute[WHISPAWN]": "123456",
    }
    assert client.post(f"{ROOT}/requests.json", fields, content_type=kind).status_code == 201
