"""Brings the store to this version of the program."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def is_new() -> bool:
    """Whether there is no store yet: no ``city.db``, or an empty PostgreSQL database."""
    if not settings.DATABASE_URL:
        return not settings.CITY.exists()
    return not connection.introspection.table_names()


def migrate() -> None:
    """Apply what is missing; costs one look where nothing is."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
