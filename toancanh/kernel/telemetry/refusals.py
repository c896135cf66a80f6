"""What the observation doors say when they say no, in Vietnamese and English, without Django."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec


class Said(NamedTuple):
    """One refusal of a whole request."""

    status: int
    title: tuple[str, str]
    detail: tuple[str, str]


VIETNAMESE, ENGLISH = 0, 1

# code -> status, title and what to do, each Vietnamese first.
WHOLE: dict[str, Said] = {
    "malformed": Said(
        400,
        ("Nội dung gửi lên không hợp lệ", "The body is not valid"),
        (
            "Hãy gửi một danh sách JSON gồm các mục {{thing, series, time, value}}. Lỗi tại {at}: {fault}",
            "Send a JSON list of {{thing, series, time, value}} items. Fault at {at}: {fault}",
        ),
    ),
    "bad_header": Said(
        400,
        ("Tiêu đề yêu cầu không hợp lệ", "A request header is not valid"),
        ("Hãy kiểm tra tiêu đề {at}: {fault}", "Check the header {at}: {fault}"),
    ),
    "no_token": Said(
        401,
        ("Thiếu mã truy cập", "No token"),
        (
            "Hãy gửi kèm tiêu đề Authorization: Bearer <mã truy cập>.",
            "Send the header Authorization: Bearer <token>.",
        ),
    ),
    "unauthorized": Said(
        401,
        ("Mã truy cập không có hiệu lực", "The token is not valid"),
        (
            "Mã truy cập không tồn tại, đã hết hạn hoặc đã bị thu hồi; hãy xin mã mới.",
            "The token is unknown, expired or revoked; ask for a new one.",
        ),
    ),
    "method_not_allowed": Said(
        405,
        ("Phương thức không được hỗ trợ", "Method not allowed"),
        ("Địa chỉ này chỉ nhận POST.", "This address takes POST only."),
    ),
    "too_slow": Said(
        408,
        ("Gửi quá chậm", "The body came too slowly"),
        (
            "Nội dung phải đến trong {seconds} giây; hãy gửi ít dòng hơn mỗi lần.",
            "The body has to arrive within {seconds} seconds; send fewer rows at a time.",
        ),
    ),
    "key_reused": Said(
        409,
        ("Idempotency-Key đã dùng cho nội dung khác", "Idempotency-Key used for another body"),
        (
            "Hãy dùng khóa mới cho nội dung mới, hoặc gửi lại đúng nội dung cũ.",
            "Use a new key for a new body, or send the old body unchanged.",
        ),
    ),
    "too_large": Said(
        413,
        ("Nội dung quá lớn", "The body is too large"),
        (
            "Mỗi lần gửi tối đa {bytes} byte và {rows} dòng; hãy chia nhỏ.",
            "Send at most {bytes} bytes and {rows} rows at a time; split the list.",
        ),
    ),
    "too_many": Said(
        429,
        ("Gửi quá nhiều", "Too many observations"),
        (
            "Mã truy cập này chỉ được gửi {rate} dòng mỗi phút; hãy đợi {wait} giây.",
            "This token may send {rate} rows a minute; wait {wait} seconds.",
        ),
    ),
    "busy": Said(
        503,
        ("Máy chủ đang bận", "The server is busy"),
        (
            "Chưa nhận dòng nào; hãy gửi lại sau {wait} giây.",
            "Nothing of this was taken; send it again in {wait} seconds.",
        ),
    ),
    "unavailable": Said(
        503,
        ("Cơ sở dữ liệu tạm thời không dùng được", "The database is not available"),
        (
            "Chưa lưu dòng nào; hãy gửi lại sau {wait} giây.",
            "Nothing of this was kept; send it again in {wait} seconds.",
        ),
    ),
    "full": Said(
        507,
        ("Máy chủ hết chỗ lưu", "The server has no room left"),
        (
            "Chưa lưu dòng nào; hãy báo quản trị viên và gửi lại sau.",
            "Nothing of this was kept; tell the administrator and send it again later.",
        ),
    ),
}

# code -> why one row was not taken and what to do.
ROW: dict[str, tuple[str, str]] = {
    "unknown_thing": (
        "Không có trạm hay thiết bị nào mang mã này đang hoạt động; hãy kiểm tra trường thing.",
        "No active thing has this code; check the field thing.",
    ),
    "unknown_series": (
        "Trạm này không có chuỗi đo mang tên này; hãy kiểm tra trường series.",
        "This thing has no series of this name; check the field series.",
    ),
    "forbidden": (
        "Mã truy cập này không được ghi cho trạm này; hãy xin mở rộng quyền.",
        "This token may not write for this thing; ask for its scope to be widened.",
    ),
    "future": (
        "Thời điểm đo ở tương lai quá 5 phút; hãy chỉnh lại đồng hồ của thiết bị.",
        "The time is more than 5 minutes ahead; set the clock of the device.",
    ),
    "too_old": (
        "Thời điểm đo cách đây hơn 20 năm; hãy kiểm tra năm trong trường time.",
        "The time is more than 20 years ago; check the year in the field time.",
    ),
    "malformed": (
        "Không đọc được nội dung; hãy gửi một số, hoặc {time, value}, hoặc danh sách các mục đó.",
        "The content could not be read; send a number, or {time, value}, or a list of those.",
    ),
    "conflict": (
        'Đã có giá trị khác cho thời điểm này; nếu muốn sửa, hãy gửi lại với "correction": true.',
        'Another value is stored for this time; to replace it, send it again with "correction": true.',
    ),
}

_AT = re.compile(r"^(?P<fault>.*?)(?: - at `(?P<at>[^`]*)`)?$", re.DOTALL)
_LANGUAGE = re.compile(
    r"\s*(?P<tag>[A-Za-z*]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=(?P<q>[01](?:\.\d{0,3})?)\s*)?"
)


def language(accept: bytes) -> int:
    """Which of the two languages an Accept-Language prefers; Vietnamese unless English is wanted more."""
    wanted = {"vi": 0.0, "en": 0.0}
    for part in accept.decode("latin-1")[:200].split(","):
        found = _LANGUAGE.fullmatch(part)
        if found and found["tag"].lower() in wanted:
            tag = found["tag"].lower()
            wanted[tag] = max(wanted[tag], float(found["q"] or 1))
    return ENGLISH if wanted["en"] > wanted["vi"] else VIETNAMESE


def problem(code: str, said_in: int, **facts: object) -> tuple[int, bytes]:
    """The status and the problem+json body (RFC 9457) of a refusal."""
    said = WHOLE[code]
    body = {
        "type": "about:blank",
        "title": said.title[said_in],
        "status": said.status,
        "detail": said.detail[said_in].format(**facts),
        "code": code,
    }
    return said.status, msgspec.json.encode(body)


def fault_of(error: Exception) -> tuple[str, str]:
    """Where in the body the decoder stopped, and why (in the words of the decoder)."""
    found = _AT.match(str(error)[:500])
    assert found is not None  # the pattern takes any text
    return found["at"] or "$", found["fault"]
