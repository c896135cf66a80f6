"""The token under which rows of the broker are judged, so that it is revoked and narrowed like a device's."""

from __future__ import annotations

from toancanh.kernel.declare import Actor
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Token

TOKEN = "broker"


def provide_token(*, by: Actor) -> None:
    """Make the broker's token where there has never been one; a revoked one stays revoked."""
    if not Token.objects.filter(name=TOKEN).exists():
        people.create_token(TOKEN, by=by, is_program=True)
