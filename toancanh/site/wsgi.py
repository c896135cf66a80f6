"""What runs in the threads for pages: Django's handler, and beside it the addresses of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from toancanh.site import operations


@cache
def django() -> WSGIHandler:
    """Django's handler with its middleware, made when the first page is asked for or served."""
    return WSGIHandler()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The answer to any request that the edge has let in."""
    if operations.answers(environ):
        return operations.application(environ, start)
    found: Iterable[bytes] = django()(environ, start)
    return found
