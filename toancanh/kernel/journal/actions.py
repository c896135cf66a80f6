"""Writing to the journal and the outbox, always inside the transaction of the action that did it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.runtime import clock, ids

_woken: list[Callable[[], None]] = []


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with one spelling for one content, so that its hash can be checked for ever."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def entry_digest(entry: Entry) -> str:
    """SHA-256 over all that the entry says."""
    who = {"actor": entry.actor, "post": entry.post, "request": entry.request}
    what = {"action": entry.action, "subject": entry.subject, "content": entry.content}
    # As a number, because the same moment has many spellings; as JSON, because it shows where a field ends.
    said = canonical({"at": clock.to_us(entry.at), **who, **what})
    return hashlib.sha256(said.encode()).hexdigest()


def record(action: str, subject: str, *, by: Actor, content: Mapping[str, Any]) -> Entry:
    """Write that ``by`` did ``action`` to ``subject``; refuses to stand outside a transaction.

    The chain is for ever, a person's name is not: of who acted it holds the key alone (``person:3``).
    """
    _within()
    entry = Entry(
        at=clock.now(),
        actor=by.key,
        post=by.post,
        action=action,
        subject=subject,
        request=ids.request_id.get(),
        content=canonical(content),
    )
    entry.digest = entry_digest(entry)
    entry.save(force_insert=True)
    return entry


def emit(name: str, key: str, payload: Mapping[str, Any]) -> None:
    """Let reactions to ``name`` run after the commit; a second event of the same key is the same event."""
    _within()
    now = clock.now()
    Event.objects.get_or_create(
        name=name, key=key, defaults={"payload": dict(payload), "created": now, "next_at": now}
    )
    transaction.on_commit(wake)


def _within() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a journal entry or event belongs into the transaction of what it tells")


def on_wake(call: Callable[[], None]) -> None:
    """Register what wakes the outbox in this process."""
    _woken.append(call)


def wake() -> None:
    """Tell the outbox that something was committed."""
    for call in _woken:
        call()
