"""The one store of this process, opened when first needed."""

from __future__ import annotations

import threading

from django.conf import settings

from toancanh.kernel.telemetry.store import Store, open_store

_lock = threading.Lock()
_store: Store | None = None


def store() -> Store:
    """The store that the settings name."""
    global _store
    with _lock:
        if _store is None:
            _store = open_store(settings.TELEMETRY)
        return _store


def use(other: Store | None) -> Store | None:
    """Work with another store from now on (None: the settings' one); returns the one before."""
    global _store
    with _lock:
        before, _store = _store, other
        return before


def close() -> None:
    """Let go of the store's files; it opens again when next needed."""
    before = use(None)
    if before is not None:
        before.close()
