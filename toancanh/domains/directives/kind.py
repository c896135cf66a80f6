"""How a directive goes: given, worked on, reported with proof, accepted or returned by who gave it."""

from __future__ import annotations

from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import (
    CaseClock,
    CaseField,
    CaseMessage,
    CaseMove,
    CaseState,
    CaseType,
    Guard,
    Retention,
    Term,
)

KIND = "directives.directive"
REASON = CaseField("reason", Title("Lý do", "Reason"), "words", is_required=True, most=2000)
EVIDENCE = CaseField("evidence", Title("Minh chứng", "Evidence"), "files")
DEFAULT = "Hạn do người giao ghi trong ý kiến chỉ đạo; 5 ngày làm việc nếu không ghi"

DIRECTIVE = CaseType(
    name="directive",
    title=Title("Ý kiến chỉ đạo", "Directive"),
    icon="speakerphone",
    prefix="CD",
    start="given",
    states=(
        CaseState("given", Title("Mới giao", "Given"), "accepted"),
        CaseState("working", Title("Đang thực hiện", "In progress"), "working"),
        # While who gave it looks at the result, the term stands still: that time is not the organisation's.
        CaseState("reported", Title("Chờ nghiệm thu", "Waiting for acceptance"), "decided", pauses=True),
        CaseState("done", Title("Đã hoàn thành", "Done"), "closed"),
        CaseState("revoked", Title("Đã thu hồi", "Revoked"), "withdrawn"),
    ),
    moves=(
        CaseMove(
            "take",
            Title("Nhận việc", "Take it up"),
            ("given",),
            "working",
            ("lead",),
            Title("Người giao thấy việc đã có người làm.", "Who gave it sees that somebody works on it."),
            tone="good",
        ),
        CaseMove(
            "progress",
            Title("Báo cáo tiến độ", "Report progress"),
            ("given", "working"),
            "working",
            ("lead",),
            Title(
                "Người giao thấy việc đến đâu; hạn không đổi.",
                "Who gave it sees how far it is; the term stays.",
            ),
            asks=(
                CaseField(
                    "progress", Title("Đã làm được gì", "What is done"), "words", is_required=True, most=2000
                ),
                CaseField(
                    "percent",
                    Title("Khối lượng đã xong (%)", "Done so far (%)"),
                    "number",
                    most=100,
                    hint=Title("Số từ 0 đến 100.", "A number from 0 to 100."),
                ),
                EVIDENCE,
            ),
        ),
        CaseMove(
            "report",
            Title("Báo cáo kết quả", "Report the result"),
            ("given", "working"),
            "reported",
            ("lead",),
            Title("Người giao nghiệm thu hoặc trả lại.", "Who gave it accepts or returns it."),
            asks=(
                CaseField("answer", Title("Kết quả", "Result"), "words", is_required=True),
                EVIDENCE,
            ),
            step="done",
            guard=Guard(
                "named",
                name="parts_ended",
                otherwise=Title("Còn việc con chưa xong.", "A part of it is not done yet."),
            ),
            tone="good",
            messages=(
                CaseMessage(
                    "giver",
                    Title("{code}: có kết quả chờ nghiệm thu", "{code}: a result waits for you"),
                    Title("{organisation} báo cáo: {answer}", "{organisation} reports: {answer}"),
                ),
            ),
        ),
        CaseMove(
            "accept",
            Title("Nghiệm thu", "Accept"),
            ("reported",),
            "done",
            ("giver",),
            Title("Việc kết thúc.", "The work is done."),
            asks=(CaseField("note", Title("Nhận xét", "Remark"), "words", most=2000),),
            tone="good",
            messages=(
                CaseMessage(
                    "lead",
                    Title("{code}: đã nghiệm thu", "{code}: accepted"),
                    Title("“{title}” đã hoàn thành.", "“{title}” is done."),
                ),
            ),
        ),
        CaseMove(
            "return",
            Title("Trả lại, làm tiếp", "Return it"),
            ("reported",),
            "working",
            ("giver",),
            Title(
                "Đơn vị làm tiếp; hạn dời đúng bằng thời gian chờ nghiệm thu.",
                "They go on with it; the due time moves by as long as the result waited for you.",
            ),
            asks=(REASON,),
            tone="watch",
            messages=(
                CaseMessage(
                    "lead",
                    Title("{code}: bị trả lại", "{code}: returned"),
                    Title("“{title}”: {reason}", "“{title}”: {reason}"),
                ),
            ),
        ),
        CaseMove(
            "revoke",
            Title("Thu hồi", "Revoke"),
            ("given", "working", "reported"),
            "revoked",
            ("giver",),
            Title("Việc kết thúc, không tính hoàn thành.", "It ends and does not count as done."),
            asks=(REASON,),
            tone="bad",
        ),
        CaseMove(
            "reopen",
            Title("Giao lại", "Give it again"),
            ("done",),
            "working",
            ("giver",),
            Title("Một lượt mới với hạn mới bắt đầu.", "A new round with a new term begins."),
            asks=(REASON,),
            is_reopening=True,
            tone="watch",
        ),
    ),
    clocks=(
        CaseClock(
            "due",
            Title("Hoàn thành", "Completion"),
            Term(5, "day", basis=DEFAULT),
            ("given", "working", "reported"),
            is_main=True,
        ),
    ),
    fields=(CaseField("evidence_wanted", Title("Minh chứng cần có", "Evidence wanted"), "words", most=1000),),
    retention=Retention(10 * 365, "Thời hạn lưu trữ theo quyết định của địa phương"),
    basis=DEFAULT,
)
