"""How often one address may ask at doors that need nobody to sign in: a bucket each, in memory.

Each process counts for itself, so that no request of a stranger writes anything. What is let through still
meets the capacity of its class at the edge.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from toancanh.kernel.runtime.web import problem

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
MOST = 20_000
"""Addresses remembered; those that asked longest ago are forgotten first."""


class Buckets:
    """Each key may ask ``burst`` times at once, and ``a_minute`` times a minute in the long run."""

    def __init__(self, a_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = a_minute / 60, float(burst), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """0 where the key may ask now, else the seconds until it may."""
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(key, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._rate)
            wait = 0.0 if left >= 1 else (1 - left) / self._rate
            self._left[key] = (left if wait else left - 1, now)
            while len(self._left) > MOST:
                self._left.popitem(last=False)
        return wait

    def wait(self, key: str) -> float:
        """What `take` would answer, without taking anything."""
        left = self.left(key)
        return 0.0 if left >= 1 else (1 - left) / self._rate

    def left(self, key: str) -> float:
        """How often the key may still ask now."""
        with self._lock:
            left, at = self._left.get(key, (self._burst, self._clock()))
            return min(self._burst, left + (self._clock() - at) * self._rate)

    def forget(self) -> None:
        """Let everyone begin anew."""
        with self._lock:
            self._left.clear()


_every: list[Buckets] = []


def buckets(*, a_minute: float, burst: int) -> Buckets:
    """Buckets for a door that has keys of its own; they begin anew with all others."""
    made = Buckets(a_minute, burst)
    _every.append(made)
    return made


def limited(*, a_minute: float, burst: int) -> Callable[[View], View]:
    """Let one address ask so often, and tell it with 429 when to come again. Stands under ``@door``."""
    counted = buckets(a_minute=a_minute, burst=burst)

    def put(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *said: Any, **named: Any) -> HttpResponseBase:  # noqa: ANN401 - as the view
            wait = counted.take(request.META.get("REMOTE_ADDR", ""))
            if not wait:
                return view(request, *said, **named)
            text = _("Too many requests came from your address. Wait a moment, then ask again.")
            response = problem(request, 429, _("Too often"), text, "too_often")
            response["Retry-After"] = str(int(wait) + 1)
            return response

        return cast(View, answer)

    return put


def forget() -> None:
    """Let everyone begin anew at every door."""
    for made in _every:
        made.forget()
