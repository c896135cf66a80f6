"""What watchdogs and monitoring ask."""

from __future__ import annotations

import pytest
from django.test import Client
from prometheus_client import REGISTRY

import toancanh
from tests.city import City
from toancanh.kernel.exchange.broker.standing import Standing
from toancanh.kernel.journal import sealer
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import Directory, FixedDirectory
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.store import StoreUnavailable
from toancanh.site import health


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


def test_metrics_tell_what_the_doors_took_and_refused(db: None, client: Client) -> None:
    ingest = Ingest(engine.store(), FixedDirectory(Directory()), now=clock.now_us)
    ingest.figures.accepted = 7
    ingest.figures.rejected.update({"conflict": 2, "future": 1})
    doors = health.Doors(ingest)
    REGISTRY.register(doors)
    try:
        text = client.get("/metrics").content.decode()
    finally:
        REGISTRY.unregister(doors)
    lines = [line for line in text.splitlines() if line.startswith("toancanh_observations")]
    assert [line for line in lines if "_created" not in line] == [
        "toancanh_observations_accepted_total 7.0",
        'toancanh_observations_rejected_total{code="conflict"} 2.0',
        'toancanh_observations_rejected_total{code="future"} 1.0',
    ]


def test_metrics_tell_how_it_goes_at_the_broker(db: None, client: Client) -> None:
    standing = Standing(messages=9, receipts=4)
    standing.connected(5)
    standing.connected(5)
    told = health.AtBroker(standing.figures)
    REGISTRY.register(told)
    try:
        figures = {
            name: figure(client, f"toancanh_broker_{name}")
            for name in ("connected", "messages_total", "receipts_total", "reconnects_total")
        }
    finally:
        REGISTRY.unregister(told)
    assert figures == {"connected": 1, "messages_total": 9, "receipts_total": 4, "reconnects_total": 1}
