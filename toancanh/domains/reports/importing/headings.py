"""By which headings, in Vietnamese or English, a column of an earlier system is known."""

from __future__ import annotations

from collections.abc import Mapping

HEADS: Mapping[str, tuple[str, ...]] = {
    "code": ("ma phan anh", "ma ho so", "ma tiep nhan", "ma so", "ma", "so phieu", "unique key", "id", "code",
             "request id", "service request id", "ticket", "case id", "reference"),
    "received": ("thoi gian gui", "ngay gui", "ngay nhan", "ngay tiep nhan", "thoi gian tiep nhan",
                 "ngay phan anh", "thoi gian phan anh", "ngay tao", "thoi gian tao", "created date",
                 "created", "date received", "received", "requested datetime", "requested", "opened",
                 "open date"),
    "passed": ("ngay chuyen", "thoi gian chuyen", "ngay phan cong", "ngay giao", "assigned date", "assigned"),
    "closed": ("ngay dong", "ngay ket thuc", "ngay hoan thanh", "thoi gian hoan thanh", "thoi gian dong",
               "ngay tra loi", "thoi gian tra loi", "closed date", "closed", "date closed", "completed"),
    "due": ("han xu ly", "thoi han", "han tra loi", "han", "ngay het han", "due date", "due", "deadline",
            "expected datetime"),
    "state": ("trang thai", "tinh trang", "status", "state"),
    "category": ("linh vuc", "loai phan anh", "chuyen muc", "loai", "nhom", "chu de", "category",
                 "complaint type", "service name", "request type", "type"),
    "words": ("noi dung phan anh", "noi dung", "mo ta", "tieu de", "chi tiet", "descriptor", "description",
              "details", "title", "words"),
    "answer": ("noi dung tra loi", "tra loi", "ket qua xu ly", "ket qua", "y kien xu ly", "phan hoi",
               "resolution description", "resolution", "answer", "response", "status notes"),
    "organisation": ("don vi xu ly", "co quan xu ly", "don vi chu tri", "don vi thu ly", "don vi", "co quan",
                     "agency", "agency name", "agency responsible", "organisation", "organization",
                     "department"),
    "address": ("dia chi", "dia diem", "noi xay ra", "vi tri", "address", "incident address"),
    "unit": ("xa phuong", "phuong xa", "xa", "phuong", "dia ban", "commune", "ward"),
    "district": ("quan huyen", "huyen", "quan", "thi xa", "district"),
    "lat": ("vi do", "lat", "latitude"),
    "lon": ("kinh do", "lon", "lng", "long", "longitude"),
    "point": ("toa do", "location", "coordinates"),
    "name": ("ho va ten", "ho ten", "nguoi gui", "nguoi phan anh", "ten nguoi phan anh", "sender",
             "full name"),
    "phone": ("so dien thoai", "dien thoai", "sdt", "so dt", "telephone", "phone", "mobile"),
}  # fmt: skip
FIELDS = tuple(HEADS)
SEVERAL = ("words", "answer", "address", "name")
"""Fields that may stand in several columns, which are joined."""
TIMES = ("received", "passed", "closed", "due")
STATES: Mapping[str, tuple[str, ...]] = {
    "closed": ("da xu ly", "da tra loi", "hoan thanh", "da hoan thanh", "dong", "da dong", "ket thuc",
               "da ket thuc", "closed", "done", "resolved", "completed", "fixed"),
    "refused": ("khong tiep nhan", "tu choi", "khong xu ly", "huy", "rejected", "refused", "invalid",
                "cancelled"),
    "withdrawn": ("da rut", "nguoi gui da rut", "rut", "withdrawn"),
    "waiting": ("cho noi khac", "tam dung", "cho phoi hop", "pending", "on hold", "waiting"),
    "working": ("dang xu ly", "dang giai quyet", "in progress", "started", "working", "being worked on"),
    "assigned": ("da chuyen", "da chuyen xu ly", "da phan cong", "da giao", "assigned", "passed on"),
    "received": ("moi", "moi gui", "cho tiep nhan", "da tiep nhan", "tiep nhan", "new", "open", "unassigned",
                 "received"),
}  # fmt: skip
