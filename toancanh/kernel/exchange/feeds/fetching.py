"""One fetch of a feed: asked through the egress door, with its secrets, and the answer opened as tables."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.feeds import faults
from toancanh.kernel.exchange.feeds.faults import Failed
from toancanh.kernel.exchange.feeds.models import Brings, Feed
from toancanh.kernel.exchange.sheets import judging, reading
from toancanh.kernel.exchange.sheets.mapping import Found, Mapping, Row, headings
from toancanh.kernel.exchange.sheets.reading import Book, Unread
from toancanh.kernel.runtime import egress, secrets
from toancanh.kernel.runtime.egress import Asked, Fetched, Limits, Stopped
from toancanh.lib.errors import Refused

CHILD = "toancanh.kernel.exchange.feeds.child"
LIMITS = Limits(bytes=reading.MAX_BYTES, seconds=30)
ACCEPT = {
    Brings.READINGS: "application/json, text/csv;q=0.9, */*;q=0.5",
    Brings.WARNINGS: "application/cap+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
}
QUERY = "?"
"""Leads the name of a secret that is a parameter of the address."""


def asked(feed: Feed, *, anew: bool = False) -> Asked:
    """What is asked for; ``anew`` even where nothing has changed. Raises Failed for locked secrets."""
    # Here and not at the start: what reads addresses is slow to load, and this is a thread.
    egress.parsed(feed.url)
    try:
        hidden = secrets.unseal(feed.sealed)
    except secrets.Locked as fault:
        raise Failed("locked") from fault
    query = {name.removeprefix(QUERY): value for name, value in hidden.items() if name.startswith(QUERY)}
    url = feed.url
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query)
    return Asked(
        url=url,
        headers={"Accept": ACCEPT[Brings(feed.brings)], **feed.headers},
        secrets={name: value for name, value in hidden.items() if not name.startswith(QUERY)},
        etag="" if anew else feed.etag,
        last_modified="" if anew else feed.last_modified,
    )


async def fetch(feed: Feed, wanted: Asked, limits: Limits = LIMITS) -> Fetched:
    """The answer: 200, 204 or 304; raises Failed for anything else."""
    try:
        answer = await egress.door().fetch_soon(wanted, limits)
    except Stopped as fault:
        raise Failed(fault.code, host(feed.url)) from fault
    return judged(answer)


def judged(answer: Fetched) -> Fetched:
    """The answer, unless it is none."""
    fine = (
        HTTPStatus.OK,
        HTTPStatus.NON_AUTHORITATIVE_INFORMATION,
        HTTPStatus.NO_CONTENT,
        HTTPStatus.NOT_MODIFIED,
    )
    if answer.status not in fine:
        code = faults.of_status(answer.status)
        raise Failed(code, f"HTTP {answer.status}", answer.retry_after, answer.status, len(answer.body))
    return answer


def host(url: str) -> str:
    """The host of an address, as far as it can be shown."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def digest(body: bytes) -> str:
    """By which an answer is known again."""
    return hashlib.sha256(body).hexdigest()


def opened(answer: Fetched, path: str = "") -> Book:
    """The tables of an answer, of JSON the one at ``path`` where it is given; raises Failed."""
    try:
        return reading.read(answer.body, CHILD, path)
    except Unread as fault:
        code, said = faults.of_table(fault.code), str(fault.facts.get("fault", ""))
        raise Failed(code, said[:200], status=answer.status, size=len(answer.body)) from fault


def understood(book: Book, said: Mapping, *, replaces: bool) -> tuple[list[Found], list[str]]:
    """The readings of an answer, and the columns that it lacks although they are mapped.

    Services leave out what was not measured: a wide table does with one of its columns. Raises Failed.
    """
    sheet = next((one for one in book.sheets if one.name == said.sheet), None)
    if sheet is None and said.sheet:
        raise Failed("changed", _("no list %(path)s") % {"path": said.sheet[:100]})
    rows: Sequence[Row] = (sheet or book.sheet("")).rows
    if not rows:
        return [], []
    names = headings(rows, said.heading)
    lacking = [name for name in said.needed if name not in names]
    if lacking and book.kind == "json" and said.form == "wide":
        told = [name for name, target in said.columns.items() if target]
        if set(lacking) <= set(told) and set(told) - set(lacking):
            rows = _padded(rows, said.heading, lacking)
    try:
        return judging.readings(said, rows, replaces=replaces), lacking
    except Refused as fault:
        text = ", ".join(lacking)[:200] if fault.code == "no_column" else ""
        raise Failed(faults.of_table(fault.code), text) from fault


def _padded(rows: Sequence[Row], heading: int, lacking: list[str]) -> list[Row]:
    head: Row = [*rows[heading - 1], *lacking]
    return [*rows[: heading - 1], head, *rows[heading:]]
