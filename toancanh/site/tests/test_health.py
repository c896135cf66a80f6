"""What watchdogs and monitoring ask."""

from __future__ import annotations

import pytest
from django.test import Client

import toancanh
from tests.city import City
from toancanh.kernel.journal import sealer
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import StoreUnavailable


def test_alive_answers_without_the_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": toancanh.__version__})


def test_ready_when_both_stores_answer(db: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "missing": []})


def test_not_ready_names_what_is_missing(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(engine, "store", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "missing": ["telemetry"]})


def figure(client: Client, name: str) -> float:
    """One figure of /metrics."""
    text = client.get("/metrics").content.decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def test_metrics_count_the_unsealed_tail_and_the_outbox(city: City, client: Client) -> None:
    unsealed = figure(client, "toancanh_journal_unsealed")
    assert unsealed == sealer.unsealed() > 0
    sealer.seal()
    assert figure(client, "toancanh_journal_unsealed") == 0
    assert figure(client, "toancanh_outbox_waiting") == 3
    assert figure(client, "toancanh_memory_peak_bytes") > 1_000_000
