"""The resources of GeoReport v2, each as JSON and XML."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from toancanh.domains.reports import looking
from toancanh.domains.reports.open311 import (
    asking,
    bodies,
    discovery,
    finding,
    keys,
    posting,
    replying,
    rows,
    services,
)
from toancanh.domains.reports.open311.answers import Fact, Format, Missing, TooMany, answering, told
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import rates
from toancanh.kernel.runtime.doors import SMALL, Door, door

BOTH = ("GET", "HEAD", "POST")
PHOTOS = 12 * 1024 * 1024
READS = Door()

read_rate = rates.buckets(a_minute=120, burst=240)
"""Questions of one address."""
code_rate = rates.buckets(a_minute=30, burst=120)
"""Codes of reports that are not published, by address: as on the page that finds them."""


@door()
@answering
def discover(request: HttpRequest, *, form: Format) -> HttpResponse:
    """Where the door is, and whom to ask for a key."""
    _check_rate(request)
    return told(request, form, "discovery", discovery.told(_base(request)))


@door()
@answering
def service_list(request: HttpRequest, *, form: Format) -> HttpResponse:
    """What can be reported."""
    _check_rate(request)
    return told(request, form, "services", services.listed())


@door()
@answering
def service(request: HttpRequest, code: str, *, form: Format) -> HttpResponse:
    """What may be said of one service beside words and place."""
    _check_rate(request)
    return told(request, form, "service_definition", services.definition(code))


# A key in the body lets in, no cookie does: nobody's browser can be made to send with what it has.
@csrf_exempt
@door(methods=BOTH, max_body=PHOTOS, served_as="photos", reads=READS)
@answering
def requests(request: HttpRequest, *, form: Format) -> HttpResponse:
    """Reports that are published; by POST a new one."""
    if request.method == "POST":
        return _posted(request, form)
    _check_rate(request)
    asked = asking.read(request.GET.dict())
    found = finding.cases(asked)
    said = rows.many(found, _base(request))
    token = _token(request)
    if asked.codes and token is not None:
        said += rows.brought(finding.own(asked, token))
    answer = told(request, form, "service_requests", said)
    if len(found) == asked.size:
        following = request.GET.copy()
        following.pop("api_key", None)
        following["page"] = str(asked.page + 1)
        answer["Link"] = f'<{_base(request)}{request.path}?{urlencode(following, doseq=True)}>; rel="next"'
    return answer


def _posted(request: HttpRequest, form: Format) -> HttpResponse:
    body = bodies.read(request)
    token = keys.read(request, body.get(bodies.SECRET))
    made = posting.post(token, body, keys.sending(request))
    said = posting.told(made, _base(request))
    return told(request, form, "service_requests", said, 201 if made.is_new else 200)


@door()
@answering
def one(request: HttpRequest, code: str, *, form: Format) -> HttpResponse:
    """One report; of one that is not published only where it stands, as its code tells everywhere."""
    _check_rate(request)
    code = code.strip().upper()[: asking.LONGEST_CODE]
    found = finding.cases(asking.Asked(codes=(code,)))
    if found:
        return told(request, form, "service_requests", rows.many(found, _base(request)))
    wait = code_rate.take(request.META.get("REMOTE_ADDR", ""))
    if wait:
        raise TooMany(_("Many codes were asked for from your address. Wait a moment, then ask again."), wait)
    state = looking.by_code(code) if code.isascii() and code.isprintable() else None
    if state is None:
        raise Missing(_("There is no request of that id. Look at the id once more."))
    return told(request, form, "service_requests", [rows.unpublished(state)])


@door()
@answering
def token(request: HttpRequest, secret: str, *, form: Format) -> HttpResponse:
    """The request that was sent under a key of the caller's own, for who never read the answer."""
    _check_rate(request)
    caller = _token(request)
    if caller is None:
        text = _(
            "Request ids are given at once and no tokens here. To find one again send your api_key, and as "
            "the token the Idempotency-Key under which you sent it."
        )
        raise Missing(text)
    sent = posting.by_key(caller, secret)
    if sent is None:
        raise Missing(_("Nothing was sent by this api_key under that Idempotency-Key: send it again."))
    said: list[Fact] = [{"service_request_id": sent.case.code, "token": secret}]
    return told(request, form, "service_requests", said)


@csrf_exempt
@door(methods=BOTH, max_body=SMALL, reads=READS)
@answering
def updates(request: HttpRequest, *, form: Format) -> HttpResponse:
    """What happened to reports, the oldest first; by POST what the sender of one says."""
    if request.method == "POST":
        body = bodies.read(request)
        sender = keys.read(request, body.get(bodies.SECRET))
        made, is_new = replying.reply(sender, body, keys.sending(request))
        said: list[Fact] = [{"update_id": made}]
        return told(request, form, "service_request_updates", said, 201 if is_new else 200)
    _check_rate(request)
    asked = request.GET.dict()
    when = asking.between(asked, "start_date", "end_date") or asking.newest()
    page, size = asking.paging(asked)
    caller = _token(request)
    found = list(finding.happened(when, caller)[(page - 1) * size : page * size])
    return told(request, form, "service_request_updates", rows.updates(found, finding.brought(found, caller)))


def _token(request: HttpRequest) -> Token | None:
    """Who asks, where he says so; reading needs no key, and an empty one is none."""
    said = request.GET.get("api_key", "")
    return keys.read(request, said) if keys.given(request, said) else None


def _check_rate(request: HttpRequest) -> None:
    wait = read_rate.take(request.META.get("REMOTE_ADDR", ""))
    if wait:
        text = _("Too many requests came from your address. Wait a moment, then ask again.")
        raise TooMany(text, wait)


def _base(request: HttpRequest) -> str:
    """Where others reach us: as arranged, else as the caller did."""
    arranged: str = getattr(settings, "PUBLIC_URL", "")
    return (arranged or request.build_absolute_uri("/")).rstrip("/")
