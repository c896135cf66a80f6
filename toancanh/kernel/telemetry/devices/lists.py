"""The list of devices: searched, filtered by state, a page at a time in the order of names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Token
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.devices import queries, words
from toancanh.kernel.telemetry.devices.queries import Device
from toancanh.lib.fold import fold

LENGTH = 100
STATES = ("silent", "faults", "online", "revoked")
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows of the list and where it goes on."""

    rows: list[Device]
    own: list[Device]
    """The product's own tokens, on the first page only."""
    state: str
    q: str
    next_url: str
    first_url: str
    is_bare: bool
    """There is no token at all yet."""

    @property
    def export_url(self) -> str:
        """The same list as a workbook."""
        return f"?{urlencode({'state': self.state, 'q': self.q, 'as': 'xlsx'})}"


def found(to: Actor, asked: Mapping[str, str]) -> list[Device]:
    """Every token that the filters let through, in the order of names."""
    state, words_typed = chosen(asked), fold(asked.get("q", "")[:100]).split()
    # Names have no folded column: tokens are thousands at most, and filtered here.
    tokens = [token for token in queries.visible(to).order_by("name") if fits(token, words_typed, state)]
    devices = queries.living(tokens, clock.now())
    return [device for device in devices if in_state(device, state)]


def fits(token: Token, typed: list[str], state: str) -> bool:
    """Whether the token bears the words typed; revoked ones are shown only when asked for."""
    if (token.revoked_at is not None) != (state == "revoked"):
        return False
    folded = fold(f"{token.name} {' '.join((token.things or ())[:200])}") if typed else ""
    return all(word in folded for word in typed)


def in_state(device: Device, state: str) -> bool:
    """Whether a device is in the state asked for."""
    if state == "silent":
        return device.state in ("silent", "new")
    if state == "faults":
        return device.refused > 0
    return device.is_online if state == "online" else True


def chosen(asked: Mapping[str, str]) -> str:
    """The state asked for; unknown ones are passed over."""
    return asked.get("state", "") if asked.get("state", "") in STATES else ""


def page(to: Actor, asked: Mapping[str, str]) -> Page:
    """The list as the address asks for it."""
    state, q, after = chosen(asked), asked.get("q", "")[:100], asked.get("after", "")[:100]
    everything = found(to, asked)
    devices = [device for device in everything if not device.token.is_program]
    rest = [device for device in devices if device.name > after]
    kept = {"state": state, "q": q}
    more = len(rest) > LENGTH
    return Page(
        rows=rest[:LENGTH],
        own=[device for device in everything if device.token.is_program] if not after else [],
        state=state,
        q=q,
        next_url=f"?{urlencode({**kept, 'after': rest[LENGTH - 1].name})}" if more else "",
        first_url=f"?{urlencode(kept)}" if after else "",
        is_bare=not everything and not q and not state,
    )


def workbook(devices: list[Device]) -> HttpResponse:
    """Everything the filters let through, as text cells but for numbers and times."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    heads = (
        _("Name"),
        _("May write"),
        _("State"),
        _("Last heard"),
        _("Way"),
        _("Address"),
        _("Readings a minute"),
        _("Refused in 24 hours"),
        _("Reasons"),
        _("Expires"),
    )
    for column, head in enumerate(heads):
        sheet.write_string(0, column, str(head), bold)
    sheet.set_column(0, len(heads) - 1, 20)
    for line, device in enumerate(devices, start=1):
        contact = device.contact
        sheet.write_string(line, 0, device.name)
        sheet.write_string(line, 1, words.scope(device.token))
        sheet.write_string(line, 2, words.state(device))
        for column, at in ((3, device.seen), (9, device.token.expires_at)):
            if at is not None:
                local = at.astimezone(clock.VIETNAM).replace(tzinfo=None)
                sheet.write_datetime(line, column, local, moment)
        sheet.write_string(line, 4, words.door(contact.door) if contact else "")
        sheet.write_string(line, 5, contact.address if contact else "")
        sheet.write_number(line, 6, round(device.per_minute, 1))
        sheet.write_number(line, 7, device.refused)
        reasons = (f"{words.reason(code)}: {count}" for code, count in device.faults.items())
        sheet.write_string(line, 8, "; ".join(reasons))
    sheet.freeze_panes(1, 0)
    book.close()
    headers = {"Content-Disposition": 'attachment; filename="thiet-bi.xlsx"'}
    return HttpResponse(out.getvalue(), content_type=SHEET, headers=headers)
