"""Links lead to one file, one variant, for some time, and to nothing that may not be seen."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest
from django.test import Client

from toancanh.kernel.files import actions, links, storage
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import INTERNAL, OPEN, Variant
from toancanh.kernel.files.tests.making import OFFICER, pdf, photo, sent, settled
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotFound

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 10, tzinfo=clock.VIETNAM)


def body(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.getvalue()


def status(client: Client, address: str) -> int:
    return client.get(address).status_code


def test_photo_is_shown_in_the_page_and_can_do_nothing(client: Client) -> None:
    file = settled(photo(), "Ảnh ngập đường.PNG")
    address = links.url(file)
    assert address.endswith("/anh-ngap-duong.jpg")
    answer = client.get(address)
    head = answer.headers
    assert answer.getvalue().startswith(b"\xff\xd8\xff")
    assert head["Content-Type"] == "image/jpeg"
    assert head["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in head["Content-Security-Policy"]
    assert "default-src 'none'" in head["Content-Security-Policy"]
    assert head["Content-Disposition"].startswith("inline")
    assert unquote(head["Content-Disposition"].partition("''")[2]) == "Ảnh ngập đường.jpg"
    assert head["Cache-Control"].startswith("private")
    assert head["Cross-Origin-Resource-Policy"] == "same-origin"


def test_document_is_saved_and_never_shown(client: Client) -> None:
    content = pdf()
    answer = client.get(links.url(settled(content, "Quyết định 5.pdf")), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "Content-Encoding" not in answer.headers
    assert int(answer.headers["Content-Length"]) == len(content)
    assert answer.getvalue() == content


def test_browser_keeps_what_it_has(client: Client) -> None:
    address = links.url(settled(photo()))
    mark = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": mark})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head(address)
    assert int(head.headers["Content-Length"]) == len(body(client, address))


def test_link_is_the_same_within_the_hour_and_over_in_time(client: Client) -> None:
    file = settled(photo())
    with clock.set_to(NOON):
        address = links.url(file)
    with clock.set_to(NOON + timedelta(minutes=49)):
        assert links.url(file) == address
        assert status(client, address) == 200
    with clock.set_to(NOON + timedelta(minutes=109)):
        assert status(client, address) == 200
    with clock.set_to(NOON + timedelta(minutes=110)):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "hết hạn" in answer.content.decode()
        assert links.url(file) != address


def test_link_lasts_as_long_as_it_was_given(client: Client) -> None:
    file = settled(photo())
    with clock.set_to(NOON):
        address = links.url(file, expires=NOON + timedelta(days=30))
    with clock.set_to(NOON + timedelta(days=29)):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_no_bit_of_a_link_can_be_changed(client: Client) -> None:
    file, other = settled(photo()), settled(photo())
    signed = links.url(file).split("/")[2]
    raw = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    for position in range(len(raw) * 8):
        bent = bytearray(raw)
        bent[position // 8] ^= 1 << position % 8
        with pytest.raises(NotFound):
            links.read(urlsafe_b64encode(bent).decode().rstrip("="))
    # The seal of one file under the number of another.
    grafted = other.pk.to_bytes(8, "big") + raw[8:]
    assert status(client, f"/files/{urlsafe_b64encode(grafted).decode().rstrip('=')}/x.jpg") == 404
    # One spelling alone: what caches and logs know is what was signed.
    for spelling in (signed + "=", signed + "A", signed[:-1], signed.swapcase(), ""):
        with pytest.raises(NotFound):
            links.read(spelling)


@pytest.mark.slow
def test_guesses_find_nothing() -> None:
    settled(photo())
    for _guess in range(10_000):
        with pytest.raises(NotFound):
            links.read(urlsafe_b64encode(secrets.token_bytes(29)).decode().rstrip("="))


def test_key_of_another_installation_signs_nothing(settings) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    signed = links.url(settled(photo())).split("/")[2]
    settings.SECRET_KEY = "another"
    with pytest.raises(NotFound):
        links.read(signed)


def test_what_waits_or_was_refused_is_shown_to_nobody(client: Client) -> None:
    assert status(client, links.url(sent(photo()))) == 404
    assert status(client, links.url(settled(photo()[:-200]))) == 404


def test_public_link_leads_nowhere_until_the_file_is_open(client: Client) -> None:
    file = settled(photo(), level=INTERNAL)
    public, small = links.url(file, Variant.PUBLIC), links.url(file, Variant.PUBLIC_SMALL)
    assert status(client, public) == 404
    actions.grade(file, OPEN, by=OFFICER)
    answer = client.get(public)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert status(client, small) == 200
    actions.grade(file, INTERNAL, by=OFFICER)
    assert (status(client, public), status(client, small)) == (404, 404)


def test_public_link_of_old_leads_to_the_covered_picture_alone(client: Client) -> None:
    file = settled(photo(), level=OPEN)
    public, small = links.url(file, Variant.PUBLIC), links.url(file, Variant.PUBLIC_SMALL)
    before = body(client, public)
    actions.redact(file, [Box(0, 0, 0.5, 1)], by=OFFICER)
    assert body(client, public) != before
    assert body(client, links.url(file)) == before
    file.refresh_from_db()
    assert file.level == INTERNAL
    # Even where somebody opens it afterwards.
    actions.grade(file, OPEN, by=OFFICER)
    assert body(client, public) != before
    assert body(client, small) != body(client, links.url(file, Variant.SMALL))


def test_lost_content_is_no_error_of_the_server(client: Client) -> None:
    file = settled(photo())
    storage.here().remove(file.contents.get(variant=Variant.FULL).sha256)
    assert status(client, links.url(file)) == 404
