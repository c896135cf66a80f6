"""Fixtures of the whole suite, and what is told of tests that cannot run on this machine."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, get_hashers
from django.core.cache import cache
from django.db import transaction
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker
from xdist.remote import Producer

from tests import dealing, mosquitto, postgres
from tests.city import BY, CITY, NOON, City
from tests.kept_rows import Made
from tests.migrated import Migrated
from tests.nginx import nginx_available
from tests.office import OFFICE, Office
from toancanh.domains.reports.learning import proposing
from toancanh.domains.reports.routing import listing as routing
from toancanh.kernel.alerts import queries as alerts
from toancanh.kernel.cases import types
from toancanh.kernel.console import health
from toancanh.kernel.console import pages as console
from toancanh.kernel.exchange import packs, taking
from toancanh.kernel.exchange.sensorthings import deriving
from toancanh.kernel.people.shifts import queries as shifts
from toancanh.kernel.runtime import clock, rates
from toancanh.kernel.telemetry import announce, board, engine
from toancanh.kernel.telemetry.letterbox import waiting
from toancanh.kernel.telemetry.store import Store, open_store
from toancanh.kernel.territory import boundaries
from toancanh.kernel.territory import pages as outlines
from toancanh.kernel.territory.calendars import queries as calendars
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.warnings import queries as warnings

ENGINE = os.environ["TOANCANH_TEST_ENGINE"]
NUMBERS = itertools.count()
FREE: list[str] = []
"""Databases on the server that an earlier test measured into; nothing is left in them."""
PACKS = Path(__file__).parent / "packs"
FOR_MARKS = {
    "_django_db_marker": "django_db",
    "_django_isolate_apps": "django_isolate_apps",
    "_django_set_urlconf": "urls",
    "_template_string_if_invalid_marker": "ignore_template_errors",
}
"""Fixtures of pytest-django that do something only for who bears the mark."""
FOR_OTHERS = {
    "_django_clear_site_cache",
    "_django_setup_unittest",
    "_live_server_helper",
    "monkeypatch",
    "request",
}
"""Those for which there is nothing to do here, and what they ask for."""
OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """--engine postgresql runs the suite on a PostgreSQL of its own."""
    parser.addoption("--engine", choices=("sqlite", "postgresql"), default=ENGINE)


def missing() -> dict[str, str]:
    """What this machine lacks, by the mark of the tests that need it."""
    lacks = {}
    reason = postgres.postgres_available()
    if reason is not None:
        lacks["postgres"] = reason
    broker = mosquitto.mosquitto_available()
    if broker is not None:
        lacks["mosquitto"] = broker
    if shutil.which("chromium") is None and not Path("/usr/bin/chromium").exists():
        lacks["browser"] = "no Chromium (Debian: apt-get install chromium)"
    if shutil.which("mosquitto_pub") is None:
        lacks["clients"] = "no mosquitto_pub (Debian: apt-get install mosquitto-clients)"
    if shutil.which("strace") is None:
        lacks["strace"] = "no strace (Debian: apt-get install strace)"
    if shutil.which("faketime") is None:
        lacks["faketime"] = "no faketime (Debian: apt-get install faketime libfaketime)"
    if (lack := nginx_available()) is not None:
        lacks["nginx"] = lack
    if shutil.which("certutil") is None:
        lacks["certutil"] = "no certutil (Debian: apt-get install libnss3-tools)"
    if os.getuid() != 0:
        lacks["root"] = "only root may mount a small disk"
    return lacks


def pytest_configure(config: pytest.Config) -> None:
    """Under CI nothing may be missing: a run that leaves tests out would look whole."""
    lacks = missing()
    if lacks and os.environ.get("CI"):
        raise pytest.UsageError(f"under CI nothing may be missing: {lacks}")


def on_database(item: pytest.Item) -> bool:
    """Whether the engine matters to the test.

    What touches no database, or starts a server of its own, is proven by the run on SQLite.
    """
    marks = ("django_db", "several")
    asked = getattr(item, "fixturenames", ())
    return "db" in asked or any(item.get_closest_marker(mark) is not None for mark in marks)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Leave out what cannot run here; under several workers, long tests begin."""
    dealing.count(config, items)
    yield
    leave_out(config, items)
    spare(items)
    if "PYTEST_XDIST_WORKER" in os.environ:
        dealing.order(items)
        dealing.tell(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> dealing.Dealing:
    """Whatever `--dist` says, tests are dealt by group."""
    return dealing.Dealing(config, log)


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs something that is missing, or has no business on this engine."""
    lacks = missing()
    everything = ENGINE == "postgresql" and "postgres" in lacks
    left = [
        item
        for item in items
        if everything
        or any(item.get_closest_marker(mark) is not None for mark in lacks)
        or (ENGINE != "postgresql" and item.get_closest_marker("several"))
        or (ENGINE == "postgresql" and not on_database(item))
    ]
    if left:
        gone = set(left)
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in gone]


def spare(items: list[pytest.Item]) -> None:
    """Let tests go without what pytest-django prepares for each, unless a mark of theirs asks for it.

    That is more than half of what a short test takes.
    """
    helpers = set(FOR_MARKS) | FOR_OTHERS
    for item in items:
        info = getattr(item, "_fixtureinfo", None)
        if info is None or getattr(item, "cls", None) is not None:
            continue
        wanted = {helper for helper, mark in FOR_MARKS.items() if item.get_closest_marker(mark) is not None}
        spared = helpers - wanted - set(info.argnames)
        item.fixturenames = [name for name in item.fixturenames if name not in spared]  # type: ignore[attr-defined]


def pytest_collection_finish() -> None:
    """What has been imported stays: nobody need look through it for garbage, again and again."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run whose every test needs what is missing has not failed."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and missing():
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One closing line names what was left out and why."""
    lacks = missing()
    if lacks:
        told = "; ".join(f"{mark}: {why}" for mark, why in sorted(lacks.items()))
        terminalreporter.write_line(f"not run here: {told}")


class QuickHasher(Argon2PasswordHasher):
    """Passwords as the product keeps them, at a price that hundreds of tests can pay."""

    time_cost, memory_cost, parallelism = 1, 64, 1


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> None:
    """Every account of the suite is made with the quick hasher."""
    settings.PASSWORD_HASHERS = [f"{QuickHasher.__module__}.{QuickHasher.__qualname__}"]
    get_hashers.cache_clear()


@pytest.fixture(scope="session")
def migrated(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings: None,
) -> Migrated:
    """The tests' database as it is kept between runs."""
    cache = getattr(pytestconfig, "cache", None)
    return Migrated(cache.mkdir("migrated") if cache is not None else tmp_path_factory.mktemp("migrated"))


@pytest.fixture(scope="session")
def django_db_keepdb(migrated: Migrated, django_db_blocker: DjangoDbBlocker) -> bool:
    """Whether a copy is there already."""
    with django_db_blocker.unblock():
        return migrated.copied()


@pytest.fixture(scope="session")
def django_db_setup(migrated: Migrated, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The tests' database, and a copy of it for those who come later."""
    with django_db_blocker.unblock():
        migrated.keep()


@pytest.fixture(autouse=True)
def own_store(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test measures into a store of its own, opened only when it is used."""
    with new_store(lambda: request.getfixturevalue("tmp_path")):
        yield


@contextmanager
def new_store(folder: Callable[[], Path]) -> Iterator[None]:
    """An empty store while it lasts, and nothing remembered of the one before."""
    used: list[str] = []

    def open_own(where: str) -> Store:
        if not used:
            used.append(empty_database() if ENGINE == "postgresql" else str(folder() / "telemetry.db"))
        return open_store(used[0])

    before = engine.open_store
    engine.open_store = open_own
    try:
        engine.use(None)
        forget()
        yield
        engine.close()
    finally:
        engine.open_store = before
    if ENGINE == "postgresql":
        FREE.extend(used)


def empty_database() -> str:
    """The address of a database on the server in which nothing is measured."""
    server = settings.DATABASE_URL.rpartition("/")[0]
    if not FREE:
        name = f"readings_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(NUMBERS)}"
        with psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=10) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"{server}/{name}"
    url = FREE.pop()
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        # Who still is connected, such as a thread that an earlier test left behind, would hold it up.
        connection.execute(OTHERS)
        connection.execute("DROP SCHEMA IF EXISTS measurements CASCADE")
    return url


def forget() -> None:
    """Nothing that one test put into the process's memory is seen by the next."""
    boundaries.forget()
    calendars.forget()
    types.forget()
    routing.forget()
    proposing.forget()
    taking.forget()
    deriving.forget()
    alerts.forget()
    shifts.forget()
    warnings.forget()
    board.forget()
    rates.forget()
    console.forget()
    waiting.counted.forget()
    health.forget()
    outlines.forget()
    announce.announcer.forget()
    cache.clear()
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def fresh() -> Callable[[], None]:
    """Call it to have everything looked at anew within a test."""
    return forget


@pytest.fixture
def city(db: None) -> Iterator[City]:
    """A small city at noon, by the product's own actions: two communes, a gauge, a rain station."""
    with clock.set_to(NOON):
        yield small_city()


@pytest.fixture
def office(city: City) -> Office:
    """Offices in the small city, with the kinds of work of every domain."""
    return replace(OFFICE(city), city=city)


@pytest.fixture(scope="module")
def standing_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A store for all tests of a module, for which it takes the place of `own_store`; they change nothing."""
    with new_store(lambda: tmp_path_factory.mktemp("standing")):
        yield


@pytest.fixture(scope="module")
def standing_city(
    standing_store: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[City]:
    """The small city and its store for all tests of a module, which look and change nothing."""
    with django_db_blocker.unblock(), transaction.atomic(), clock.set_to(NOON):
        yield small_city()
        transaction.set_rollback(True)


def small_city() -> City:
    """Build it, or copy the one that was built."""
    assert not Unit.objects.exists(), "a module's tests use either `city` or the packs of `hue`"
    return CITY()


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The three packs of the repository, loaded once for a module's tests and rolled back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        boundaries.forget()
        LOADED()
        yield
        transaction.set_rollback(True)


def load_packs() -> None:
    """By the product's own action."""
    for name in ("vietnam", "hue", "dong-ha"):
        packs.load(PACKS / name, by=BY)


LOADED = Made(load_packs)


@pytest.fixture
def hue(loaded: None, db: None) -> None:
    """Huế, Đông Hà and the country as the packs have them."""
