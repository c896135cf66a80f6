"""Before the approval the author sees the text message as it will arrive: what it takes, what is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings as site
from django.test import Client

from tests.city import City
from tests.peers.gateway import MAPPING
from toancanh.kernel.contacts.tests.people import head
from toancanh.kernel.journal import outbox
from toancanh.kernel.notify import registry, spreading, work
from toancanh.kernel.notify.channels import sms
from toancanh.kernel.notify.tests.parts import set_up
from toancanh.kernel.people.models import Person
from toancanh.kernel.warnings import actions, filling
from toancanh.kernel.warnings.pages import lengths
from toancanh.kernel.warnings.tests.making import EN, VI, approved, full, leader, officer

pytestmark = pytest.mark.django_db
LONG = replace(VI, instruction="Di chuyển người già và trẻ em đến nơi cao trước 20 giờ. " * 12)


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where links lead."""
    monkeypatch.setattr(site, "PUBLIC_URL", "https://toancanh.hue.gov.vn")


@pytest.mark.parametrize("without_tones", ["", "1"])
def test_author_sees_what_arrives(city: City, without_tones: str) -> None:
    filling.declare()
    by, order = officer(city), leader(city)
    values = {"url": "https://sms.example.vn/send", **MAPPING, "without_tones": without_tones}
    set_up("sms", **values)
    head(city.west)
    draft = actions.draft(full(vi=LONG, channels=("sms",)), by=by)
    row = next(one for one in lengths(draft) if one["language"] == "vi")
    assert (row["size"].parts, row["size"].is_wide) == (3, not without_tones)
    assert row["whole"].parts > 3
    shown, _space, sample = row["shown"].rpartition(" ")
    approved(draft, by, order)
    outbox.deliver()
    while spreading.look():
        pass
    (parcel,) = work.lease(registry.channel("sms"), 9, "test@here:1")
    arrives, _space, link = sms.said(parcel, values).rpartition(" ")
    assert arrives == shown
    assert len(link) == len(sample)
    assert link.startswith("https://toancanh.hue.gov.vn/r/")


def test_page_of_the_draft_counts_in_both_alphabets_and_strikes_out_the_rest(city: City) -> None:
    filling.declare()
    by = officer(city)
    draft = actions.draft(full(vi=LONG, en=EN), by=by)
    client = Client()
    client.force_login(Person.objects.get(pk=int(by.key.partition(":")[2])))
    page = client.get(f"/console/warnings/{draft.pk}/").content.decode()
    assert "chỉ gửi 3 phần" in page
    assert "UCS-2: một phần 70 chữ" in page
    # Both languages: names of lines such as BĐ2 make the English one UCS-2, too.
    assert page.count('class="tc-cut"') == 2
    assert "Gửi nhiều nhất 3 phần" in page
    set_up("sms", url="https://sms.example.vn/send", **MAPPING, without_tones="1", most_segments="2")
    page = client.get(f"/console/warnings/{draft.pk}/").content.decode()
    assert "GSM-7: một phần 160 chữ" in page
    assert "Di chuyen nguoi gia" in page
    assert "Gửi nhiều nhất 2 phần" in page
