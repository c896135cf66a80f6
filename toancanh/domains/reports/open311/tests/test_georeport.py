"""PyPI's `georeport`, a client that is not ours, reads the door as it reads other cities'."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from georeport import GeoReport
from georeport import georeport as module
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tests.office import Office
from toancanh.domains.reports.open311.tests.calling import ROOT, answered, published

SITE = "http://testserver"


class Inside(HTTPAdapter):
    """Takes what the client sends to the door itself, without a network."""

    def send(self, request: requests.PreparedRequest, *said: Any, **more: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        headers = {name: str(value) for name, value in request.headers.items()}
        answer = Client().generic(
            request.method or "GET", parts.path, QUERY_STRING=parts.query, headers=headers
        )
        raw = HTTPResponse(
            BytesIO(answer.content),
            headers=dict(answer.headers),
            status=answer.status_code,
            preload_content=False,
        )
        return self.build_response(request, raw)


@pytest.fixture(params=["json", "xml"])
def reader(
    desk: Office, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GeoReport]:
    """The client, in each of the forms that it reads."""
    with requests.Session() as session:
        session.mount(SITE, Inside())
        monkeypatch.setattr(module, "requests", session)
        yield GeoReport(f"{SITE}{ROOT}", jurisdiction="hue.gov.vn", output_format=request.param)


def test_services_and_their_definitions_are_read(reader: GeoReport) -> None:
    services = reader.get_service_list()
    assert len(services) > 20
    for service in services[:3]:
        assert (
            reader.get_service_definition(service["service_code"])["service_code"] == service["service_code"]
        )


def test_reports_are_read_by_every_argument(desk: Office, reader: GeoReport) -> None:
    first, second = published(desk), published(desk, lon=None, lat=None)
    answered(desk, first, "Đã thay")
    both = reader.get_service_requests(
        service_code="water.drain",
        start_date="2026-11-01T00:00:00Z",
        end_date="2026-11-30T00:00:00Z",
        status="open,closed",
    )
    assert {row["service_request_id"] for row in both} == {first.code, second.code}
    named = reader.get_service_requests(service_request_id=f"{first.code},{second.code}")
    assert len(named) == 2
    found = reader.get_service_request(first.code)
    assert (found["status"], found["status_notes"]) == ("closed", "Đã thay")


def test_refusals_reach_the_caller(desk: Office, reader: GeoReport) -> None:
    with pytest.raises(requests.HTTPError, match="404"):
        reader.get_service_definition("033")
    with pytest.raises(requests.HTTPError, match="400"):
        reader.get_service_requests(start_date="gestern")
