"""A program that calls the door, as other cities' programs do."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from django.test import Client

from tests.city import BY
from tests.office import Office
from toancanh.domains.reports.triage import actions as triage
from toancanh.kernel.cases import moving
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Purpose

ROOT = "/open311/v2"


def new_key(name: str = "app", **more: Any) -> str:
    """A key for reports."""
    return people.create_token(name, by=BY, purpose=Purpose.REPORTS, **more).secret


def said(api_key: str, **more: str) -> dict[str, str]:
    """The fields of a report: a drain in the west of the small city."""
    found = {"api_key": api_key, "service_code": "water.drain", "lat": "16.05", "long": "107.05"}
    return {**found, "description": "Nắp cống vỡ trước số 12, rất nguy hiểm", **more}


def post(client: Client, fields: dict[str, Any], form: str = "json", **headers: str) -> Any:
    """Post a report."""
    return client.post(f"{ROOT}/requests.{form}", fields, headers=headers)


def sent(client: Client, fields: dict[str, Any]) -> Case:
    """The report that a post has made."""
    answer = post(client, fields)
    assert answer.status_code == 201, answer.content.decode()
    return Case.objects.get(code=answer.json()[0]["service_request_id"])


def error(answer: Any) -> tuple[int, str]:
    """Status and sentence of a refusal, which has the form of the specification."""
    (only,) = answer.json()
    assert set(only) == {"code", "description"}
    assert only["code"] == answer.status_code
    return answer.status_code, only["description"]


def xml(answer: Any) -> ElementTree.Element:
    """The answer as a parser reads it."""
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<')
    return ElementTree.fromstring(answer.content)


def published(
    office: Office, title: str = "Nắp cống vỡ", words: str = "Trước trường học", **more: Any
) -> Case:
    """A report whose public text reception has published."""
    case = office.report("Lời người gửi, không ai khác đọc", category="water.drain", **more)
    triage.publish_text(case, title, words, by=office.desk, is_published=True)
    return case


def answered(office: Office, case: Case, words: str) -> None:
    """Let it be accepted, answered and the answer be published."""
    moving.move(case, "accept", {"organisation": office.roads.code}, by=office.desk)
    moving.move(case, "answer", {"answer": words}, by=office.engineer)
    moving.move(case, "publish", by=office.desk)
