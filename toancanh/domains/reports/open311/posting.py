"""A report that another program brings: read, checked, sent by the citizen's own action, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.domains.reports import actions, categories, elsewhere, looking, places, sending
from toancanh.domains.reports.actions import Sent, Through
from toancanh.domains.reports.elsewhere import LedElsewhere
from toancanh.domains.reports.models import Category, Sending
from toancanh.domains.reports.open311 import keys, photos, services
from toancanh.domains.reports.open311.answers import Fact
from toancanh.domains.reports.open311.bodies import Body
from toancanh.domains.reports.places import Unplaced
from toancanh.domains.reports.sending import Form
from toancanh.kernel.cases import parties
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

CHANNEL = "open311"
DAY = timedelta(days=1)
KNOWN = (services.UNIT, services.MEANT)
MOST_NAMED = 10


@dataclass(frozen=True)
class Posted:
    """What became of a post."""

    sent: Sent
    is_new: bool
    ignored: tuple[str, ...]
    """Attributes that the service does not have."""


def post(token: Token, body: Body, key: str) -> Posted:
    """Take the report in, or find what the same post has made before. Raises Refused."""
    own = keys.scoped(token, "request", key) if key else ""
    known = _known(own, body) if key else _repeated(token, body)
    ignored = tuple(sorted(set(body.attributes) - set(KNOWN)))
    if known is not None:
        return Posted(known, is_new=False, ignored=ignored)
    device = body.get("device_id")
    keys.check_rate(token, device)
    row = services.service(_service_code(body))
    form = _form(body, row, own or _by_content(token, body))
    try:
        actions.check(form)
        form = replace(form, photos=photos.keep(body, form.key))
        made = actions.send(form, through=Through(CHANNEL, token.name))
    except LedElsewhere as fault:
        raise _led(fault) from fault
    except Unplaced as fault:
        raise _unplaced(fault) from fault
    keys.count(token, device)
    return Posted(made, is_new=True, ignored=ignored)


def told(posted: Posted, base: str) -> Fact:
    """The answer of the specification; the notice leads to the sender's own page."""
    link = base + looking.link(posted.sent.secret)
    notice = _(
        "Reception reads it and passes it on. Who sent it sees every step, answers questions and rates "
        "the answer at %(link)s"
    ) % {"link": link}
    if posted.ignored:
        names = ", ".join(name[:60] for name in posted.ignored[:MOST_NAMED])
        notice += "\n" + _("Not taken, because the service has no such attribute: %(names)s.") % {
            "names": names
        }
    return [{"service_request_id": posted.sent.case.code, "service_notice": notice, "account_id": None}]


def by_key(token: Token, key: str) -> Sent | None:
    """The report that this caller has sent under a key of its own."""
    return actions.sent(actions.digest_of(keys.scoped(token, "request", key)))


def _known(own: str, body: Body) -> Sent | None:
    found = actions.sent(actions.digest_of(own))
    words = sending.clean(body.get("description"))
    if found is not None and words and words != found.case.words:
        text = _("This Idempotency-Key has sent another report, %(code)s. Take a new key for each.")
        raise Refused(text % {"code": found.case.code}, "key_reused")
    return found


def _repeated(token: Token, body: Body) -> Sent | None:
    """The same content within a day: programs send again when an answer did not reach them."""
    now, same = clock.now(), body.digest()
    for day in (now, now - DAY):
        digest = actions.digest_of(
            keys.scoped(token, "content", f"{day.astimezone(clock.VIETNAM):%F}:{same}")
        )
        if Sending.objects.filter(digest=digest, at__gt=now - DAY).exists():
            return actions.sent(digest)
    return None


def _by_content(token: Token, body: Body) -> str:
    day = clock.now().astimezone(clock.VIETNAM)
    return keys.scoped(token, "content", f"{day:%F}:{body.digest()}")


def _service_code(body: Body) -> str:
    code = body.get("service_code").strip()
    if not code:
        raise Refused(_("Send service_code: one of the list of services."), "no_service")
    return code


def _form(body: Body, row: Category, key: str) -> Form:
    lon, lat = _degrees(body)
    words = sending.clean(body.get("description"))
    asked = {
        "key": key,
        # Words are optional here: what the caller chose says as much.
        "words": words or categories.title(row),
        "category": row.code,
        "lon": lon,
        "lat": lat,
        "address": body.get("address_string"),
        "unit": _unit(body),
        "phone": body.get("phone"),
        "meant": "1" if services.MEANT_YES in body.attributes.get(services.MEANT, ()) else "",
    }
    form = sending.read(asked, [], get_language() or "vi")
    return replace(form, name=_name(body), email=_email(body))


def _degrees(body: Body) -> tuple[str, str]:
    lon, lat = body.get("long"), body.get("lat")
    try:
        sending.degree(lon), sending.degree(lat)
    except Refused as fault:
        text = _("lat and long are decimal degrees of WGS 84, such as 16.4637 and 107.5909.")
        raise Refused(text, "bad_place") from fault
    if bool(lon.strip()) is not bool(lat.strip()):
        raise Refused(_("Send both lat and long, or neither."), "bad_place")
    return lon, lat


def _unit(body: Body) -> str:
    """The commune by the attribute, else by an address_id that is the code of one."""
    said = body.attributes.get(services.UNIT, [])
    if len(said) > 1:
        raise Refused(_("A report lies in one ward or commune: send one attribute[unit]."), "bad_unit")
    known = {code for code, _name in places.choosable()}
    if said and said[0].strip() not in known:
        text = _(
            "attribute[unit] is the code of a ward or commune of here; the service's definition has all."
        )
        raise Refused(text, "bad_unit")
    code = said[0].strip() if said else body.get("address_id").strip()
    return code if code in known else ""


def _name(body: Body) -> str:
    """As Vietnamese people write it: the family name first."""
    both = (body.get("last_name"), body.get("first_name"))
    name = " ".join(" ".join(sending.clean(part).split()) for part in both).strip()
    if len(name) > parties.LONGEST_NAME:
        text = _("A name has at most %(most)s characters.")
        raise Refused(text % {"most": parties.LONGEST_NAME}, "bad_name")
    return "".join(sign for sign in name if sign.isprintable())


def _email(body: Body) -> str:
    email = body.get("email").strip()
    if email:
        try:
            validate_email(email)
        except ValidationError as fault:
            raise Refused(_("email is no address, such as an@example.vn."), "bad_email") from fault
    return email


def _led(fault: LedElsewhere) -> Refused:
    text = f"{fault.message} {elsewhere.guidance(fault.found.kind)}"
    if not fault.found.is_certain:
        text += " " + _("If it is a report all the same, send it again with attribute[meant]=yes.")
    return Refused(text, fault.code)


def _unplaced(fault: Unplaced) -> Refused:
    text = _("Nothing says where it is: send lat and long, or an address_string with the ward or commune.")
    if fault.units:
        names = ", ".join(f"{unit.code} {places.named(unit)}" for unit in fault.units)
        text = _("The address may lie in several wards. Send one as attribute[unit]: %(names)s.")
        text %= {"names": names}
    return Refused(text, fault.code)
