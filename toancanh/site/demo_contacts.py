"""Whom a warning reaches in the demo: a list in Excel, as an office sends it, taken in by the real action.

Nobody in it exists and nobody can be reached by it. Names are those of specimen forms (Nguyễn Văn A), places
say that they are samples, e-mail ends in a domain that is never given away (RFC 2606), mobiles are those
that Britain keeps free for films (Ofcom, +44 7700 900000 to 900999), and landlines begin with the 0 that in
Việt Nam is dialled before area codes, so that no subscriber's number does.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from toancanh.kernel.contacts.models import Contact
from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.rosters import actions
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.models import Unit

FILE = "Danh sách mẫu trưởng thôn, tổ trưởng tổ dân phố.xlsx"
BROUGHT = timedelta(days=20)
"""How long before the city opens; a list can be taken back for thirty days."""
HEADS = (
    "Xã, phường",
    "Thôn, tổ dân phố",
    "Họ và tên",
    "Chức vụ",
    "Số điện thoại",
    "Email",
    "Mã Zalo",
    "Căn cứ",
)
BASIS = "Dữ liệu mẫu: không có người này"
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Võ", "Đặng", "Bùi", "Hồ")
LETTERS = "ABCDEGHKLMNPQSTVXY"
PLACES = 5
UNREACHED = 24
"""Of so many places one has a head without a number, as in every list."""
Row = tuple[str, ...]


def fill(communes: Sequence[Unit], now: datetime, *, by: Actor) -> None:
    """Take the list in; safe to repeat."""
    if Contact.objects.exists() or not communes:
        return
    with clock.set_to(now - BROUGHT):
        brought = actions.upload(workbook(communes), FILE, by=by)
        outcome = actions.preview(brought, by=by)
        actions.confirm(brought, actions.seal(brought, outcome), by=by)


def workbook(communes: Sequence[Unit]) -> bytes:
    """The list as a file."""
    import xlsxwriter  # slow import

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": False})
    sheet = book.add_worksheet("Danh sách mẫu")
    for line, row in enumerate((HEADS, *rows(communes))):
        sheet.write_row(line, 0, row)
    book.close()
    return out.getvalue()


def rows(communes: Sequence[Unit]) -> Iterator[Row]:
    """Two officials of each commune, then the heads of its sample villages or neighbourhoods."""
    mobiles = (f"+447700900{number:03}" for number in range(1_000))
    for at, unit in enumerate(communes):
        is_ward = unit.full_name.startswith("Phường")
        posts = (f"Chủ tịch UBND {'phường' if is_ward else 'xã'}", "Chỉ huy trưởng Ban Chỉ huy quân sự")
        for nth, post in enumerate(posts):
            landline = f"0234 0{nth}00 {at:03}"
            email = f"{('chutich', 'quansu')[nth]}.{unit.code}@mau.example"
            yield (unit.full_name, "", name(unit, nth), post, landline, email, "", BASIS)
        kind, post = ("Tổ dân phố", "Tổ trưởng tổ dân phố") if is_ward else ("Thôn", "Trưởng thôn")
        for nth in range(1, PLACES + 1):
            luck = seed(unit, nth)[0]
            mobile = next(mobiles) if luck % UNREACHED else ""
            zalo = f"mau-{unit.code}-{nth}" if mobile and luck % 3 == 0 else ""
            place = f"{kind} mẫu số {nth}"
            yield (unit.full_name, place, name(unit, nth + 1), post, mobile, "", zalo, BASIS)


def name(unit: Unit, nth: int) -> str:
    """As specimen forms have it: Nguyễn Văn A, Trần Thị B; no two alike within a commune."""
    luck = seed(unit, nth)
    family, middle = FAMILIES[luck[1] % len(FAMILIES)], ("Văn", "Thị")[luck[2] % 2]
    first = seed(unit, 0)[3]
    return f"{family} {middle} {LETTERS[(first + nth) % len(LETTERS)]}"


def seed(unit: Unit, nth: int) -> bytes:
    """The same in every demo."""
    return hashlib.sha256(f"{unit.code}:{nth}".encode()).digest()
