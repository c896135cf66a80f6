"""Ready words for not accepting and for asking back: begun with, then changed by whoever writes."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from toancanh.domains.reports.triage.models import Answer, Use
from toancanh.kernel.runtime import clock

FIRST = (
    (
        Use.REFUSE,
        "Ngoài địa bàn",
        "Vị trí nằm ngoài địa bàn của địa phương. Đề nghị gửi đến cổng phản ánh của nơi xảy ra sự việc.",
    ),
    (
        Use.REFUSE,
        "Không thuộc phạm vi",
        "Nội dung không thuộc phản ánh hiện trường. Đề nghị liên hệ bộ phận tiếp công dân để được hướng dẫn.",
    ),
    (
        Use.REFUSE,
        "Không đủ thông tin",
        "Phản ánh không có vị trí hoặc nội dung đủ rõ để xử lý và chúng tôi không nhận được bổ sung.",
    ),
    (
        Use.REFUSE,
        "Việc giữa cá nhân với nhau",
        "Đây là việc giữa cá nhân với nhau. Đề nghị liên hệ tổ hòa giải hoặc Ủy ban nhân dân phường, xã.",
    ),
    (
        Use.REFUSE,
        "Đã xử lý xong",
        "Sự việc đã được xử lý xong trước khi phản ánh được gửi. Cảm ơn ông/bà đã thông tin.",
    ),
    (Use.ASK, "Vị trí", "Đề nghị ông/bà cho biết vị trí chính xác: số nhà, tên đường hoặc mốc gần nhất."),
    (Use.ASK, "Ảnh", "Đề nghị ông/bà gửi thêm ảnh chụp rõ hiện trường."),
    (Use.ASK, "Thời gian", "Sự việc xảy ra vào thời gian nào, có lặp lại không?"),
)
"""What a new installation begins with."""


def declare() -> int:
    """Write the first ready words where there are none at all; returns how many."""
    if Answer.objects.exists():
        return 0
    now = clock.now()
    rows = [
        Answer(use=use, title=title, words=words, position=n, valid_from=now)
        for n, (use, title, words) in enumerate(FIRST, 1)
    ]
    return len(Answer.objects.bulk_create(rows))


def ready(use: str) -> QuerySet[Answer]:
    """Words in force."""
    now = clock.now()
    return Answer.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=now), use=use, valid_from__lte=now
    ).order_by("position", "pk")
