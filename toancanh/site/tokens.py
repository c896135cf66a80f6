"""``toancanh token``: keys of devices, gateways and other programs."""

from __future__ import annotations

import argparse
import sys

from toancanh.site.speech import _


def create(said: argparse.Namespace) -> int:
    """Make a token and print it."""
    from toancanh.kernel.declare import program
    from toancanh.kernel.people import actions
    from toancanh.kernel.people.models import Purpose
    from toancanh.kernel.registry.models import Thing
    from toancanh.lib.errors import NotFound, Refused

    if said.thing:
        known = set(Thing.objects.filter(code__in=said.thing).values_list("code", flat=True))
        missing = [code for code in said.thing if code not in known]
        if missing:
            raise NotFound(_("No thing bears the code %(codes)s.") % {"codes": ", ".join(missing)})
    if said.reports and said.thing:
        raise Refused(_("A key for reports writes no thing: leave out --thing or --reports."), "bad_purpose")
    purpose = Purpose.REPORTS if said.reports else Purpose.DEVICES
    made = actions.create_token(
        said.name, by=program("command"), things=said.thing, rate=said.rate, purpose=purpose
    )
    print(_("The token below is shown this once; keep it safe."), file=sys.stderr)
    print(made.secret)
    return 0


def revoke(said: argparse.Namespace) -> int:
    """End a token."""
    from toancanh.kernel.declare import program
    from toancanh.kernel.people import actions

    actions.revoke_token(said.name, by=program("command"))
    print(_("%(name)s is revoked.") % {"name": said.name})
    return 0


def tell(said: argparse.Namespace) -> int:
    """Names of tokens in force."""
    from toancanh.kernel.people.models import Purpose, Token

    for token in Token.objects.filter(revoked_at=None).order_by("name"):
        things = "*" if token.things is None else ",".join(token.things)
        if token.purpose == Purpose.REPORTS:
            things = "reports"
        print(f"{token.name}\t{things}\t{token.created:%Y-%m-%d}")
    return 0
