"""Who writes through the façade, and what the token allows."""

from __future__ import annotations

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.directory import TokenInfo
from toancanh.lib.errors import NotAllowed

ARRANGING = frozenset({("registry.arrange", ""), ("telemetry.arrange", "")})


def info(token: Token) -> TokenInfo:
    """The token as doors know it."""
    return TokenInfo(
        id=token.pk,
        name=token.name,
        things=None if token.things is None else frozenset(token.things),
        rate=token.rate,
        expires=None if token.expires_at is None else clock.to_us(token.expires_at),
        revoked=None if token.revoked_at is None else clock.to_us(token.revoked_at),
        digest=token.digest,
    )


def actor(token: TokenInfo) -> Actor:
    """The token as who acts: one made without a list of things may arrange everything, any other nothing."""
    grants = ARRANGING if token.things is None else frozenset[tuple[str, str]]()
    return Actor(name=token.name, key=f"token:{token.name}", grants=grants)


def check_arranges(by: Actor) -> None:
    """Only who may arrange things everywhere writes what several things share."""
    if not by.may("registry.arrange"):
        text = _("This token only sends observations of its own things; make one without a list of things.")
        raise NotAllowed(text)
