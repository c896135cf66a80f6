"""Brings the store to this version of the program."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from toancanh.domains.reports import defaults
from toancanh.domains.reports.triage import answers as ready_answers
from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.escalation import delays
from toancanh.kernel.cases import types
from toancanh.kernel.runtime import clock, marks
from toancanh.kernel.runtime.web import is_full
from toancanh.kernel.telemetry.store import StoreFull
from toancanh.kernel.warnings import filling
from toancanh.site import locks


def migrate() -> None:
    """Apply what is missing; costs one look where nothing is. Of several that start, one does it."""
    with locks.migrating(settings.DATA):
        set_aside()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
        rules.declare()
        delays.declare()
        filling.declare()
        types.declare()
        ready_answers.declare()
        defaults.declare()


def advice(fault: Exception) -> str:
    """What to do about a database that refuses."""
    said = str(fault)
    if isinstance(fault, StoreFull) or is_full(fault):
        return _("The disk is full: make room on it, then try again. What was saved is safe.")
    if "not a database" in said or "malformed" in said:
        text = _("city.db or telemetry.db in %(folder)s is no database or is damaged: put a good copy back.")
        return text % {"folder": settings.DATA}
    if isinstance(fault, ProgrammingError) or "no such table" in said or "no such column" in said:
        return _("The store is not of this version yet: run toancanh migrate")
    return _(
        "The database does not answer: see that it runs and that TOANCANH_DATA or DATABASE_URL is right."
    )


def set_aside() -> None:
    """Move measurements away whose city.db is gone: their series mean nothing in a new one."""
    if settings.DATABASE_URL or settings.CITY.exists():
        return
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    for path in sorted(settings.DATA.glob("telemetry.db*")):
        if not path.name.startswith("telemetry.db.orphan"):
            path.rename(path.with_name(path.name.replace("telemetry.db", f"telemetry.db.orphan-{stamp}")))


def is_new() -> bool:
    """Whether nobody has decided yet what this store is to be: a demo city or a real one."""
    return marks.read("demo") == ""


def keep_real() -> None:
    """This store is nobody's demo, whatever DEMO says later."""
    if is_new():
        marks.write("demo", "off")
