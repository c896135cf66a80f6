"""Mail against a server that insists on encryption and passwords, refuses some and asks for patience."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django

from tests.city import BY, City
from tests.peers.mail import PASSWORD, USER, MailServer, mail_server
from toancanh.kernel.notify import actions
from toancanh.kernel.notify.messages import Recipient
from toancanh.kernel.notify.models import Delivery, Setup
from toancanh.kernel.notify.tests.parts import hand, message, refused, set_up, states
from toancanh.kernel.runtime import clock, egress

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SENDER = {"sender": "canh-bao@hue.gov.vn", "name": "Trung tâm điều hành Huế", "host": "localhost"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that nobody but these tests trusts, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    made = [*command.split(), "-addext", "subjectAltName=DNS:localhost"]
    files: list[str | Path] = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*made, *files], check=True, capture_output=True)
    return folder


@pytest.fixture
def serving(authority: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's side of TLS; ours trusts it."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    trust = ssl.create_default_context(cafile=str(authority / "cert.pem"))
    monkeypatch.setattr(egress, "_trusted", lambda: trust)
    return made


@pytest.fixture
def server(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server without encryption on this machine."""
    monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8", "::1/128"))
    with mail_server() as made:
        set_up("email", mode="plain", port=str(made.port), **{**SENDER, "host": "127.0.0.1"})
        yield made


def told(*addresses: str) -> list[Recipient]:
    return [
        Recipient(f"person:{n}", "email", address, "vi", "Lê Văn Ân") for n, address in enumerate(addresses)
    ]


def test_mails_go_over_one_connection_and_can_be_known_again(server: MailServer) -> None:
    actions.send(message(), told(*(f"p{n}@hue.gov.vn" for n in range(12))), by=BY)
    parcels, outcomes = hand("email")
    assert states(outcomes) == ["handed"] * 12
    assert (len(server.mails), server.sessions) == (12, 1)
    mail = server.mails[0]
    assert mail["Subject"] == "Lũ trên sông Hương đang lên"
    assert str(mail["To"]) == "Lê Văn Ân <p0@hue.gov.vn>"
    assert str(mail["From"]) == "Trung tâm điều hành Huế <canh-bao@hue.gov.vn>"
    assert mail["Message-ID"] == f"<{parcels[0].reference}@hue.gov.vn>"
    assert "Di chuyển đến nơi cao" in mail.get_content()
    assert (mail["Importance"], mail["Auto-Submitted"]) == ("high", "auto-generated")


def test_a_mail_sent_again_has_the_same_name(server: MailServer) -> None:
    actions.send(message(), told("a@hue.gov.vn"), by=BY)
    hand("email", at_end=False)
    Delivery.objects.update(next_at=clock.now(), holder="")
    hand("email")
    assert len({mail["Message-ID"] for mail in server.mails}) == 1
    assert len(server.mails) == 2


def test_refusals_concern_one_copy_patience_asks_for_another_try(server: MailServer) -> None:
    server.refuses = {"b@hue.gov.vn": "550 5.1.1 no such user", "c@hue.gov.vn": "451 4.7.1 greylisted"}
    actions.send(message(), told("a@hue.gov.vn", "b@hue.gov.vn", "c@hue.gov.vn"), by=BY)
    _parcels, outcomes = hand("email")
    assert [(one.state, one.reason) for one in outcomes] == [
        ("handed", ""),
        ("failed", "bad_address"),
        ("waiting", "busy"),
    ]
    assert Setup.objects.get(channel="email").paused_until is None


@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_encryption_and_password(
    city: City, monkeypatch: pytest.MonkeyPatch, serving: ssl.SSLContext, mode: str
) -> None:
    monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8", "::1/128"))
    with mail_server(serving, wrapped=mode == "tls") as made:
        known = {"user": USER.decode(), "password": PASSWORD.decode()}
        set_up("email", mode=mode, port=str(made.port), **SENDER, **known)
        actions.send(message(), told("a@hue.gov.vn"), by=BY)
        _parcels, outcomes = hand("email")
        assert (states(outcomes), made.was_encrypted) == (["handed"], [True])
        set_up("email", mode=mode, port=str(made.port), **SENDER, user="x", password="wrong")
        actions.send(message("b:1"), told("a@hue.gov.vn"), by=BY)
        _parcels, (outcome,) = hand("email")
        assert (outcome.state, outcome.reason, outcome.whole) == ("waiting", "forbidden", True)


def test_server_whose_certificate_nobody_trusts_gets_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch, serving: ssl.SSLContext
) -> None:
    monkeypatch.setattr(django, "EGRESS_ALLOW", ("127.0.0.0/8", "::1/128"))
    monkeypatch.setattr(egress, "_trusted", ssl.create_default_context)
    with mail_server(serving) as made:
        set_up("email", mode="starttls", port=str(made.port), **SENDER)
        actions.send(message(), told("a@hue.gov.vn", "b@hue.gov.vn"), by=BY)
        _parcels, outcomes = hand("email")
    assert {(one.state, one.reason, one.whole) for one in outcomes} == {("waiting", "unreachable", True)}
    assert made.mails == []


def test_closed_addresses_stay_closed(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up("email", mode="plain", port="25", **{**SENDER, "host": "127.0.0.1"})
    actions.send(message(), told("a@hue.gov.vn"), by=BY)
    _parcels, (outcome,) = hand("email")
    assert (outcome.reason, outcome.whole) == ("denied", True)


@pytest.mark.parametrize(
    "text", ["a", "a@b", "a b@hue.vn", "a@hue.vn\nBcc: x@y.vn", "<a@hue.vn>", "đ@hue.vn"]
)
def test_what_is_no_address_fails_alone(server: MailServer, text: str) -> None:
    actions.send(message(), told(text, "a@hue.gov.vn"), by=BY)
    assert set(Delivery.objects.values_list("state", "reason")) == {
        ("failed", "bad_address"),
        ("waiting", ""),
    }


def test_a_set_up_that_cannot_work_is_refused(city: City) -> None:
    for values, code in (
        ({"host": ""}, "missing"),
        ({"sender": "nobody"}, "bad_address"),
        ({"port": "99999"}, "bad_port"),
        ({"mode": "maybe"}, "bad_choice"),
        ({"name": "x\ny"}, "bad_name"),
    ):
        with refused(code):
            set_up("email", **{"mode": "plain", **SENDER, **values})
