"""A role that was killed is back soon, as it loads only its own parts: told by modules, not by a clock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("toancanh.site.urls", "ninja", "pydantic", "allauth.account.views", "allauth.account.middleware")
"""Routes, reading APIs and accounts: what serves people."""
DOORS = ("toancanh.kernel.exchange.sensorthings.door", "toancanh.kernel.telemetry.door")
FIELD = ("toancanh.kernel.telemetry.mqtt", "toancanh.kernel.exchange.broker.service", "mqtt5", "gmqtt")
"""The last is known to the page that tells how it goes at a broker."""
HEAVY = ("shapely", "numpy", "xlsxwriter", "python_calamine", "polib", "segno")
"""Slow to load and seldom needed."""
READY = """
import sys, toancanh, django
django.setup()
from toancanh.site import roles, wsgi
house = roles.house(sys.argv[1], 0, lambda: False)
said = []
asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/readyz", "wsgi.input": sys.stdin.buffer}
here = {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
wsgi.application({**asked, **here}, lambda status, headers: said.append(status))
assert said and said[0][:3] in ("200", "503"), said
"""
TOLD = "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded(code: str, folder: Path, *words: str) -> set[str]:
    """Modules of a process that has run this code."""
    env = {"TOANCANH_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "toancanh.site.settings", "DEMO": "0"}
    command = [sys.executable, "-c", code + TOLD, *words]
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("role", "never"),
    [
        ("web", (*FIELD[:-1], *HEAVY, "toancanh.site.parts.worker")),
        ("ingest", (*PAGES, *HEAVY, "toancanh.site.parts.worker", "toancanh.site.parts.web")),
        ("worker", (*PAGES, *DOORS, *FIELD, *HEAVY)),
    ],
)
def test_role_that_is_ready_has_loaded_only_its_parts(
    role: str, never: tuple[str, ...], tmp_path: Path
) -> None:
    found = loaded(READY, tmp_path, role)
    assert found & set(never) == set()
    assert f"toancanh.site.parts.{role if role != 'ingest' else 'field'}" in found


def test_names_that_are_never_loaded_are_names_of_modules(tmp_path: Path) -> None:
    every = " ".join({*PAGES, *DOORS, *FIELD, *HEAVY})
    code = "import sys, toancanh, django; django.setup(); [__import__(name) for name in sys.argv[1].split()]"
    assert set(every.split()) <= loaded(code, tmp_path, every)


def test_command_line_is_read_before_the_house_is_loaded(tmp_path: Path) -> None:
    code = "from toancanh.site import commands; commands.parser()"
    found = loaded(code, tmp_path)
    assert found & {"uvicorn", "ninja", "shapely", "django.db.models", "toancanh.site.asgi"} == set()
