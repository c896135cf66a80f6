"""What the sender of a report says by the program that brought it: an answer, or that it is not done."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports import actions, sending
from toancanh.domains.reports.models import Sending
from toancanh.domains.reports.open311 import keys
from toancanh.domains.reports.open311.answers import Missing
from toancanh.domains.reports.open311.bodies import Body
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock, secrets
from toancanh.lib.errors import Refused

AGAIN = ("OPEN", "REOPEN")


def reply(token: Token, body: Body, key: str) -> tuple[str, bool]:
    """Its id, and whether it is new: the same update is taken once. Raises Refused."""
    sent = _sent(token, body.get("service_request_id").strip())
    key = key or body.get("update_id")
    digest = actions.digest_of(keys.scoped(token, "update", key)) if key else ""
    known = _known(digest)
    if known:
        return known, False
    device = body.get("device_id")
    keys.check_rate(token, device)
    party = sent.party
    if party is None:
        raise Missing(_("Who sent this report is no longer known."))
    name, asks = _step(party.case, body.get("status").strip().upper())
    words = sending.clean(body.get("description"))
    try:
        with transaction.atomic():
            event = actions.act(party, name, {asks: words}, seen=None)
            made = numbered(party.case.code, event.number)
            if digest:
                sealed = secrets.seal({"update": made})
                Sending.objects.create(
                    digest=digest, case=party.case, sealed=sealed, at=clock.now(), client=token.name
                )
    except (IntegrityError, Refused):
        # The same update came twice at once, and the other was first.
        known = _known(digest)
        if not known:
            raise
        return known, False
    keys.count(token, device)
    return made, True


def numbered(code: str, number: int) -> str:
    """What an event of a report's story is called outside."""
    return f"{code}-{number}"


def _sent(token: Token, code: str) -> Sending:
    if not code:
        raise Refused(_("Send service_request_id: the code of the report."), "no_request")
    rows = Sending.objects.select_related("party__case").filter(client=token.name, case__code=code)
    found = rows.filter(party__isnull=False).first()
    if found is None:
        raise Missing(_("This key has brought no report of the code %(code)s.") % {"code": code[:24]})
    return found


def _known(digest: str) -> str:
    row = Sending.objects.filter(digest=digest).first() if digest else None
    return secrets.unseal(row.sealed)["update"] if row is not None else ""


def _step(case: Case, status: str) -> tuple[str, str]:
    """The move of who sent it, and what it asks."""
    if case.state == "asked":
        return "reply", "reply"
    if case.state == "closed" and status in AGAIN:
        return "reopen", "reason"
    text = _(
        "This report waits for no word of its sender now. Updates are taken while reception asks something, "
        "and with status OPEN after the answer, to have it dealt with again."
    )
    raise Refused(text, "not_asked")
