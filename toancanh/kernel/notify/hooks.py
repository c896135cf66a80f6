"""Where gateways tell what became of copies and what people answered: addresses that only the gateway knows,
or a signed event."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.kernel.notify import receipts, registry, setups
from toancanh.kernel.notify.channels import Channel, Hook
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotFound

MOST = 1_000
"""Receipts or answers of one call."""


@csrf_exempt
@door(data="operations", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def told(request: HttpRequest, channel: str, secret: str = "") -> HttpResponse:
    """Note the receipts of a call. Those that belong to nobody are no fault: gateways would repeat them."""
    found, setup = _channel(channel)
    if found.receipts is None:
        raise NotFound(_("There is no such address."))
    known = 0
    for one in list(found.receipts(setups.values(setup), _hook(request, secret)))[:MOST]:
        known += receipts.receive(
            channel, reference=one.reference, peer_id=one.peer_id, state=one.state, said=one.said
        )
    return JsonResponse({"noted": known})


@csrf_exempt
@door(data="operations", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def replied(request: HttpRequest, channel: str, secret: str) -> HttpResponse:
    """Pass on what people answered, such as that they have received a warning."""
    found, setup = _channel(channel)
    if found.replies is None:
        raise NotFound(_("There is no such address."))
    replies = list(found.replies(setups.values(setup), _hook(request, secret)))[:MOST]
    return JsonResponse({"read": len(replies), "meant": receipts.answered(channel, replies)})


def _channel(name: str) -> tuple[Channel, Setup]:
    found, setup = registry.channels().get(name), Setup.objects.filter(channel=name).first()
    if found is None or setup is None:
        raise NotFound(_("There is no such address."))
    return found, setup


def _hook(request: HttpRequest, secret: str) -> Hook:
    return Hook(
        secret=secret,
        query=request.GET.dict(),
        headers=request.headers,
        body=request.body,
        content_type=request.content_type or "",
    )
