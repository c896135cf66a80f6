"""django-ogc-sensorthings of PyPI under the same load, in the same run: the other such server in Python.

It runs as its page says, with the extension for data arrays, over a PostgreSQL of its own that commits each
request to disk, in granian with a worker for each core, and asks nobody for a token. Its packages go into a
virtual environment in the cache folder of whoever measures; this program's is left alone.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.figure import Figure
from benchmarks.installation import Installation
from benchmarks.sta_client import Service, run
from tests.ports import free_port
from tests.postgres import postgres_available, postgres_cluster

VERSION: Final = "1.2.0"
TITLE: Final = (
    f"Peer: django-ogc-sensorthings {VERSION} (PyPI) on PostgreSQL: data arrays of 1,000 over 10 datastreams,"
    " and single posts, 8 connections; 100 datastreams expanded, 1 connection"
)
PACKAGES: Final = (
    f"django-ogc-sensorthings=={VERSION}",
    "django>=5.2,<5.3",
    "psycopg[binary,pool]>=3.2",
    "granian>=2.5",
)
STREAMS: Final = 100
ROOT: Final = "/sensorthings/v1.1"
SETTINGS: Final = """from uuid import UUID
DEBUG = False
SECRET_KEY = "measured and thrown away"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "peer_urls"
INSTALLED_APPS = [
    "sensorthings.versions.v1_1",
    "sensorthings.versions.v1_1.backends.django",
    "sensorthings.versions.v1_1.extensions.dataarray",
]
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": {database_port},
    "NAME": "postgres", "USER": "postgres", "OPTIONS": {{"pool": {{"min_size": 2, "max_size": 16}}}},
}}}}
SENSORTHINGS_V1_1_SERVICE_URL = "http://127.0.0.1:{port}/sensorthings"
SENSORTHINGS_V1_1_BACKEND_ADAPTER = "sensorthings.versions.v1_1.backends.django.adapter.DjangoBackendAdapter"
SENSORTHINGS_V1_1_ID_TYPE = UUID
SENSORTHINGS_V1_1_ID_DELIMITER = "'"
"""
URLS: Final = """from django.urls import include, path
urlpatterns = [path("sensorthings/", include("sensorthings.versions.v1_1.urls"))]
"""
ASGI: Final = """from django.core.asgi import get_asgi_application
app = get_asgi_application()
"""


def measure(city: Installation, seconds: float) -> list[Figure]:
    """The same three measurements as ours; none where it cannot be set up, and then the reason is printed."""
    missing = postgres_available() or _prepare(environment())
    if missing:
        print(f"  not measured: {missing}", flush=True)
        return []
    seconds = min(seconds, 20.0)
    try:
        with server() as port:
            service = Service(port=port, root=ROOT, streams=_streams(port))
            arrays = run("arrays", service, city.now - timedelta(hours=23), seconds)
            single = run("single", service, city.now - timedelta(hours=10), seconds)
            expand = run("expand", service, city.now, seconds)
    except (AssertionError, OSError, subprocess.SubprocessError) as fault:
        # A peer that fails does not cost an hour's other figures.
        print(f"  not measured: {fault}", flush=True)
        return []
    return [
        Figure("observations in data arrays", arrays["rows"], "/s"),
        Figure("data arrays refused", arrays["refused"], ""),
        Figure("single posts", single["rows"], "/s"),
        Figure("single posts refused", single["refused"], ""),
        Figure("single post p50", single["p50"], "ms"),
        Figure("100 datastreams expanded, p50", expand["p50"], "ms"),
        Figure("expansions refused", expand["refused"], ""),
    ]


def environment() -> Path:
    """Where its packages are kept from one run to the next."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "toancanh" / f"django-ogc-sensorthings-{VERSION}-python{sys.version_info.minor}"


def _prepare(folder: Path) -> str:
    """Install its packages where they are not there yet; why not, where that fails."""
    ready = folder / "ready"
    if ready.exists() and ready.read_text() == repr(PACKAGES):
        return ""
    print(f"  installing into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    python = str(folder / "bin" / "python")
    if uv:
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "--quiet", "--python", python, *PACKAGES]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        install = [python, "-m", "pip", "install", "--quiet", *PACKAGES]
    for command in (make, install):
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
        except (OSError, subprocess.SubprocessError) as fault:
            told = getattr(fault, "stderr", None) or str(fault)
            return f"its packages could not be installed ({str(told).strip().splitlines()[-1]})"
    ready.write_text(repr(PACKAGES))
    return ""


@contextmanager
def server() -> Iterator[int]:
    """Its port; server, database and folder are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="toancanh-peer-"))
    port = free_port()
    try:
        with postgres_cluster() as cluster, (folder / "log").open("wb") as log:
            (folder / "peer_settings.py").write_text(SETTINGS.format(database_port=cluster.port, port=port))
            (folder / "peer_urls.py").write_text(URLS)
            (folder / "peer_asgi.py").write_text(ASGI)
            variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "peer_settings", "PYTHONPATH": str(folder)}
            programs = environment() / "bin"
            migrate = [str(programs / "python"), "-m", "django", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, check=True, cwd=folder, env=variables, timeout=300)
            serve = [str(programs / "granian"), "--interface", "asgi", "--workers", str(os.cpu_count() or 1)]
            serve += ["--port", str(port), "--log-level", "error", "peer_asgi:app"]
            process = subprocess.Popen(
                serve, cwd=folder, env=variables, stdout=log, stderr=log, start_new_session=True
            )
            try:
                _wait(port, folder / "log")
                yield port
            finally:
                _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _streams(port: int) -> list[int | str]:
    """Datastreams of as many things, each with a place; made one by one: it takes no deep insert."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    plain = {"name": "bench", "description": "bench"}
    sensor = _made(client, "Sensors", plain | {"encodingType": "text/html", "metadata": "bench"})
    quantity = _made(client, "ObservedProperties", plain | {"definition": "https://example.org/level"})
    found: list[int | str] = []
    for number in range(STREAMS):
        thing = _made(client, "Things", plain)
        point = {"type": "Point", "coordinates": [107.5 + number / 1000, 16.4]}
        place = {"encodingType": "application/geo+json", "location": point, "Things": [{"@iot.id": thing}]}
        _made(client, "Locations", plain | place)
        links = {"Thing": thing, "Sensor": sensor, "ObservedProperty": quantity}
        told = plain | {
            "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "https://example.org/m"},
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            **{name: {"@iot.id": key} for name, key in links.items()},
        }
        found.append(_made(client, "Datastreams", told))
    return found


def _made(client: http.client.HTTPConnection, path: str, told: dict[str, Any]) -> str:
    """The id of what was made, from where the answer says that it is."""
    client.request("POST", f"{ROOT}/{path}", json.dumps(told), {"Content-Type": "application/json"})
    answer = client.getresponse()
    body = answer.read()
    assert answer.status == 201, (path, answer.status, body)
    return str(answer.headers["Location"]).rsplit("'", 2)[1]


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def _wait(port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            client.request("GET", ROOT)
            if client.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the peer did not start: {log.read_text(errors='replace')[-2000:]}")
