"""What import contracts can't see: keys between modules, templates across the ladder, sizes, stray paths."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from toancanh.kernel import catalogue

ROOT = Path(__file__).resolve().parents[2]
LADDER = (
    "runtime",
    "journal",
    "territory",
    "people",
    "files",
    "registry",
    "notify",
    "contacts",
    "telemetry",
    "cases",
    "alerts",
    "warnings",
    "exchange",
)
TOP = ("console", "portal")
OWN = {app.label: app for app in apps.get_app_configs() if app.name.startswith("toancanh.")}


def tracked() -> list[Path]:
    """Files under version control that are here; every file of the folder where git is not."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=30)
    if done.returncode:
        return [
            p for p in ROOT.rglob("*") if p.is_file() and not {".venv", "node_modules", ".git"} & set(p.parts)
        ]
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


FILES = tracked()
SOURCES = [path for path in FILES if path.suffix == ".py"]
TEMPLATES = [path for path in FILES if path.suffix == ".html" and "templates" in path.parts]


def above(label: str, other: str) -> bool:
    """Whether the module ``label`` may stand on ``other``."""
    if other in (label, "web"):
        return True
    if label == "web" or other not in LADDER:
        return False
    return label not in LADDER or LADDER.index(other) < LADDER.index(label)


@pytest.mark.slow
def test_imports_keep_the_contracts() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [5-9]\d* kept, 0 broken", done.stdout)


@pytest.mark.parametrize("label", sorted(OWN))
def test_foreign_keys_lead_down_the_ladder_or_stay_at_home(label: str) -> None:
    for model in OWN[label].get_models():
        for field in model._meta.get_fields():
            if field.concrete and field.is_relation and field.related_model is not None:
                other = field.related_model._meta.app_label  # type: ignore[union-attr]
                assert above(label, other), f"{model.__name__}.{field.name} leads to {other}"


@pytest.mark.slow
def test_no_module_fetches_anothers_model_by_name() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.is_relative_to(ROOT / "toancanh")
        and "tests" not in path.parts
        and "migrations" not in path.parts
        and re.search(r"\bapps\.get_model\(|\bget_model\(", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def owner(path: Path) -> str:
    """The module to which a template belongs."""
    return path.relative_to(ROOT / "toancanh").parts[-(len(path.parts) - path.parts.index("templates")) - 1]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "toancanh")))
def test_template_builds_only_on_what_lies_below(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    label = owner(path)
    assert label in OWN
    for given in re.findall(r"{%-?\s*(?:extends|include)\s+(.+?)\s*%}", text):
        # A literal name, or a choice between literal names; what follows `with` is no template.
        names = re.findall(r"[\w/]+\.html", given.split(" with ")[0])
        assert names, f"{given}: by a literal name alone"
        for name in names:
            other = name.split("/")[0]
            other = "people" if other == "account" else other
            assert other in OWN, f"{name} belongs to nobody"
            assert above(label, other), f"{label} builds on {other}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "toancanh")))
def test_template_trusts_no_text_and_runs_no_inline_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|{%\s*autoescape\s+off", text)
    for opening in re.findall(r"<script[^>]*>", text):
        assert "nonce" in opening
    assert not re.search(r"\son\w+\s*=\s*[\"']", text)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_short_enough_to_be_read(path: Path) -> None:
    length = len(path.read_text(encoding="utf-8").splitlines())
    is_test = "tests" in path.parts or path.parent == ROOT
    assert length <= (600 if is_test else 400)


STRAY = [
    r"/" + r"work/(?:main|shared)",
    r"/" + r"root/",
    r"/" + r"home/[a-z]",
    r"/" + r"tmp/tc",
    r"https?://(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d",
    r"(?:index|registry)[-_]?url\s*[:=]\s*[\"']?https?://",
    r"\"resolved\":\s*\"https?://(?!registry\.npmjs\.org/)",
    r"--index-url|--extra-index-url|--find-links https?:",
]
ABOUT_ADDRESSES = ROOT / "toancanh" / "kernel" / "runtime" / "tests" / "test_egress.py"
BINARY = {".png", ".jpg", ".woff2", ".ico", ".gz", ".pdf", ".zip", ".xlsx"}


@pytest.mark.slow
def test_no_file_names_this_machine_or_a_registry() -> None:
    found = []
    for path in FILES:
        if (
            path.suffix in BINARY
            or path in (Path(__file__), ABOUT_ADDRESSES)
            or path.stat().st_size > 3_000_000
        ):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {stray}" for stray in STRAY if re.search(stray, text)]
    assert found == []


@pytest.mark.slow
@pytest.mark.django_db
def test_migrations_say_what_the_models_say() -> None:
    out = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out, verbosity=1)
    assert "No changes detected" in out.getvalue()


def test_every_package_of_code_is_one() -> None:
    folders = {path.parent for path in SOURCES if path.is_relative_to(ROOT / "toancanh")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []
    assert catalogue.folders()


@pytest.mark.slow
def test_every_module_says_why_it_exists() -> None:
    import ast

    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.is_relative_to(ROOT / "toancanh") and path.stat().st_size and "migrations" not in path.parts
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_signals_and_no_wiring_in_ready() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.is_relative_to(ROOT / "toancanh")
        and re.search(
            r"^\s*(?:from django\.dispatch|from django\.db\.models\.signals|def ready\(self)",
            path.read_text(),
            re.M,
        )
    ]
    assert found == []
