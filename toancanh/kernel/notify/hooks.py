"""Where gateways tell what became of copies: an address that only the gateway knows, or a signed event."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.kernel.notify import receipts, registry, setups
from toancanh.kernel.notify.channels import Hook
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotFound

MOST = 1_000
"""Receipts of one call."""


@csrf_exempt
@door(data="operations", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def told(request: HttpRequest, channel: str, secret: str = "") -> HttpResponse:
    """Note the receipts of a call. Those that belong to nobody are no fault: gateways would repeat them."""
    found = registry.channels().get(channel)
    setup = Setup.objects.filter(channel=channel).first()
    if found is None or found.receipts is None or setup is None:
        raise NotFound(_("There is no such address."))
    hook = Hook(
        secret=secret,
        query=request.GET.dict(),
        headers=request.headers,
        body=request.body,
        content_type=request.content_type or "",
    )
    known = 0
    for one in list(found.receipts(setups.values(setup), hook))[:MOST]:
        known += receipts.receive(
            channel, reference=one.reference, peer_id=one.peer_id, state=one.state, said=one.said
        )
    return JsonResponse({"noted": known})
