"""Whether the program lives, can serve, and how it does: for watchdogs and monitoring."""

from __future__ import annotations

import ipaddress
import resource
from collections.abc import Callable, Iterator, Mapping

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import toancanh
from toancanh.kernel.journal import sealer
from toancanh.kernel.journal.models import Event
from toancanh.kernel.runtime import processes
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.live import hub
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.ingest import Ingest
from toancanh.kernel.telemetry.store import StoreUnavailable
from toancanh.lib.errors import NotAllowed

UNSEALED = Gauge("toancanh_journal_unsealed", "Journal entries that the chain has not reached yet")
WAITING = Gauge("toancanh_outbox_waiting", "Events that wait for their reactions")
MEMORY = Gauge("toancanh_memory_peak_bytes", "Largest resident memory of this process so far")
FRAMES = Gauge("toancanh_live_frames", "Frames told to open pages since start")
MEMORY_NOW = Gauge("toancanh_memory_bytes", "Resident memory of this process now")


class Doors(Collector):
    """What the doors of this process took and refused, read from the ingest when it is asked for."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    def collect(self) -> Iterator[Metric]:
        figures = self._ingest.figures
        taken = "toancanh_observations_accepted"
        yield CounterMetricFamily(taken, "Observations kept since start", value=figures.accepted)
        text = "Observations refused since start, by reason"
        refused = CounterMetricFamily("toancanh_observations_rejected", text, labels=["code"])
        for code, count in sorted(figures.rejected.copy().items()):
            refused.add_metric([code], count)
        yield refused
        yield CounterMetricFamily("toancanh_ingest_groups", "Commits since start", value=figures.groups)
        failed = "Commits since start that the store refused"
        yield CounterMetricFamily("toancanh_ingest_failed_groups", failed, value=figures.failed_groups)
        waiting = "Observations taken and not yet answered"
        yield GaugeMetricFamily("toancanh_ingest_waiting", waiting, value=self._ingest.waiting_rows)


class AtBroker(Collector):
    """How this process does at the outside broker."""

    def __init__(self, figures: Callable[[], Mapping[str, float]]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures()
        text = "Whether the connection to the outside broker stands"
        yield GaugeMetricFamily("toancanh_broker_connected", text, value=figures["broker_connected"])
        counted = {
            "messages": "Messages taken from the outside broker since start",
            "receipts": "Receipts sent over the outside broker since start",
            "dropped": "Messages at QoS 0 let go since start while nothing could be kept",
            "reconnects": "Connections to the outside broker made anew since start",
        }
        for name, text in counted.items():
            yield CounterMetricFamily(f"toancanh_broker_{name}", text, value=figures[f"broker_{name}"])


def count_broker(figures: Callable[[], Mapping[str, float]]) -> None:
    """Show on /metrics how this process does at the outside broker."""
    REGISTRY.register(AtBroker(figures))


def count(ingest: Ingest) -> None:
    """Show the figures of this process's ingest on /metrics."""
    REGISTRY.register(Doors(ingest))


@door(data="operations")
def alive(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok", "version": toancanh.__version__})


@door(data="operations")
def ready(request: HttpRequest) -> HttpResponse:
    """200 when pages and doors can serve; 503 names what is missing."""
    missing = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM runtime_revision LIMIT 1")
    except DatabaseError:
        missing.append("database")
    try:
        engine.store().latest([])
    except StoreUnavailable:
        missing.append("telemetry")
    said = {"status": "unavailable" if missing else "ok", "missing": missing}
    return JsonResponse(said, status=503 if missing else 200)


@door(data="operations")
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, told to this machine and those of METRICS_FROM."""
    caller = ipaddress.ip_address(request.META["REMOTE_ADDR"])
    caller = getattr(caller, "ipv4_mapped", None) or caller
    if not any(caller in network for network in settings.METRICS_FROM):
        raise NotAllowed(_("These figures are told to the machines alone that METRICS_FROM names."))
    UNSEALED.set(sealer.unsealed())
    WAITING.set(Event.objects.filter(next_at__isnull=False).count())
    MEMORY_NOW.set(processes.memory())
    MEMORY.set(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    FRAMES.set(hub.told)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
