"""Whether the program lives, can serve, and how it does: for watchdogs and monitoring."""

from __future__ import annotations

import resource

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, generate_latest

import toancanh
from toancanh.kernel.journal import sealer
from toancanh.kernel.journal.models import Event
from toancanh.kernel.runtime.doors import door
from toancanh.kernel.runtime.live import hub
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.store import StoreUnavailable

UNSEALED = Gauge("toancanh_journal_unsealed", "Journal entries that the chain has not reached yet")
WAITING = Gauge("toancanh_outbox_waiting", "Events that wait for their reactions")
MEMORY = Gauge("toancanh_memory_peak_bytes", "Largest resident memory of this process so far")
FRAMES = Gauge("toancanh_live_frames", "Frames told to open pages since start")


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
    """Figures for Prometheus."""
    UNSEALED.set(sealer.unsealed())
    WAITING.set(Event.objects.filter(next_at__isnull=False).count())
    MEMORY.set(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    FRAMES.set(hub.told)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
