"""How a field report goes: its states, who moves it, what runs until when, and what its sender is told."""

from __future__ import annotations

from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import (
    CaseAxis,
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

REASON = CaseField("reason", Title("Lý do", "Reason"), "words", is_required=True, most=2000)
PUBLIC_REASON = CaseField(
    "reason",
    Title("Lý do (công khai)", "Reason (published)"),
    "words",
    is_required=True,
    is_public=True,
    most=2000,
    hint=Title("Người gửi và mọi người đọc được lý do này.", "The sender and everybody can read it."),
)
AT_DESK = ("received", "returned")
DEFAULT = "Mặc định của phần mềm; địa phương thay bằng quyết định của mình"


def _to_reporter(subject: Title, body: Title) -> CaseMessage:
    return CaseMessage("reporter", subject, body)


def _to_followers(subject: Title, body: Title) -> CaseMessage:
    return CaseMessage("followers", subject, body)


ANSWERED = (
    Title("Phản ánh {code} đã có trả lời", "Report {code} has been answered"),
    Title(
        "“{title}”: {organisation} đã trả lời. Mời xem và đánh giá.",
        "“{title}”: {organisation} has answered. Please read and rate it.",
    ),
)

ANSWERED_FOLLOWED = (
    ANSWERED[0],
    Title(
        "{organisation} đã trả lời phản ánh mà bạn theo dõi. Mời xem.",
        "{organisation} has answered the report that you follow. Please read it.",
    ),
)

MERGED = (
    Title("Phản ánh {code} được gộp", "Report {code} was merged"),
    Title(
        "“{title}” đã có người báo trước và đang được xử lý.",
        "“{title}” was reported before and is being dealt with.",
    ),
)

MERGED_FOLLOWED = (
    MERGED[0],
    Title(
        "Việc mà bạn theo dõi đã có người báo trước và đang được xử lý.",
        "What you follow was reported before and is being dealt with.",
    ),
)

REPORT = CaseType(
    name="report",
    title=Title("Phản ánh hiện trường", "Field report"),
    icon="message-report",
    prefix="PA",
    start="received",
    states=(
        CaseState("received", Title("Mới gửi", "Received"), "received", outside="open"),
        CaseState(
            "asked", Title("Chờ người gửi bổ sung", "Waiting for the sender"), "waiting_citizen", True, "open"
        ),
        CaseState("returned", Title("Bị chuyển trả", "Sent back"), "received", outside="open"),
        CaseState("assigned", Title("Đã chuyển xử lý", "Passed on"), "accepted", outside="open"),
        CaseState("working", Title("Đang xử lý", "Being dealt with"), "working", outside="open"),
        CaseState("waiting", Title("Chờ nơi khác", "Waiting for others"), "waiting_other", False, "open"),
        CaseState("answered", Title("Chờ duyệt trả lời", "Answer being checked"), "decided", outside="open"),
        CaseState("closed", Title("Đã trả lời", "Answered"), "closed", outside="closed"),
        CaseState("refused", Title("Không tiếp nhận", "Not accepted"), "rejected", outside="closed"),
        CaseState("merged", Title("Đã gộp", "Merged"), "merged", outside="closed"),
        CaseState("withdrawn", Title("Người gửi đã rút", "Withdrawn"), "withdrawn", outside="closed"),
    ),
    moves=(
        CaseMove(
            "accept",
            Title("Tiếp nhận và chuyển", "Accept and pass on"),
            (*AT_DESK, "asked"),
            "assigned",
            ("desk", "program"),
            Title(
                "Đơn vị được chuyển có hạn xử lý; người gửi được báo.",
                "The organisation gets it with its term; the sender is told.",
            ),
            asks=(
                CaseField(
                    "organisation", Title("Đơn vị chủ trì", "In charge"), "organisation", is_required=True
                ),
                CaseField("helpers", Title("Đơn vị phối hợp", "Helping"), "organisations"),
                CaseField("note", Title("Ghi chú cho đơn vị", "Note for them"), "words", most=2000),
            ),
            step="assign",
            tone="good",
            messages=(
                _to_reporter(
                    Title("Phản ánh {code} đã được tiếp nhận", "Report {code} has been accepted"),
                    Title(
                        "“{title}” đã chuyển đến {organisation}, hạn trả lời {due}.",
                        "“{title}” went to {organisation}, to be answered by {due}.",
                    ),
                ),
                _to_followers(
                    Title("Phản ánh {code} đã được tiếp nhận", "Report {code} has been accepted"),
                    Title(
                        "Phản ánh bạn theo dõi đã chuyển đến {organisation}, hạn trả lời {due}.",
                        "The report that you follow went to {organisation}, to be answered by {due}.",
                    ),
                ),
            ),
        ),
        CaseMove(
            "refuse",
            Title("Không tiếp nhận", "Do not accept"),
            (*AT_DESK, "asked"),
            "refused",
            ("desk",),
            Title("Phản ánh kết thúc; người gửi được báo lý do.", "It ends; the sender is told why."),
            asks=(PUBLIC_REASON,),
            tone="bad",
            messages=(
                _to_reporter(
                    Title("Phản ánh {code} không được tiếp nhận", "Report {code} was not accepted"),
                    Title("“{title}”: {reason}", "“{title}”: {reason}"),
                ),
                _to_followers(
                    Title("Phản ánh {code} không được tiếp nhận", "Report {code} was not accepted"),
                    Title("Phản ánh bạn theo dõi: {reason}", "The report that you follow: {reason}"),
                ),
            ),
        ),
        CaseMove(
            "ask",
            Title("Hỏi lại người gửi", "Ask the sender"),
            AT_DESK,
            "asked",
            ("desk",),
            Title(
                "Thời hạn dừng tính đến khi có trả lời.", "The term stands still until there is an answer."
            ),
            asks=(
                CaseField(
                    "question",
                    Title("Câu hỏi", "Question"),
                    "words",
                    is_required=True,
                    is_public=True,
                    most=2000,
                ),
            ),
            messages=(
                _to_reporter(
                    Title("Phản ánh {code} cần thêm thông tin", "Report {code} needs more information"),
                    Title(
                        "“{title}”: mời xem câu hỏi và trả lời.",
                        "“{title}”: please read the question and answer it.",
                    ),
                ),
            ),
        ),
        CaseMove(
            "reply",
            Title("Trả lời câu hỏi", "Answer the question"),
            ("asked",),
            "received",
            ("party", "desk"),
            asks=(
                CaseField("reply", Title("Trả lời", "Answer"), "words", is_required=True, most=4000),
                CaseField("photos", Title("Ảnh", "Photos"), "files"),
            ),
        ),
        CaseMove(
            "withdraw",
            Title("Rút phản ánh", "Withdraw"),
            (*AT_DESK, "asked", "assigned"),
            "withdrawn",
            ("party",),
            Title("Phản ánh kết thúc, không ai xử lý nữa.", "It ends, nobody deals with it any more."),
            guard=Guard(
                "named",
                name="has_no_followers",
                otherwise=Title(
                    "Còn người khác theo dõi phản ánh này và chờ trả lời, nên không rút được nữa.",
                    "Others follow this report and wait for its answer, so it can no longer be withdrawn.",
                ),
            ),
            tone="bad",
        ),
        CaseMove(
            "take",
            Title("Nhận xử lý", "Take it up"),
            ("assigned",),
            "working",
            ("lead",),
            Title("Người gửi thấy đơn vị đang xử lý.", "The sender sees that it is being dealt with."),
            tone="good",
        ),
        CaseMove(
            "send_back",
            Title("Chuyển trả", "Send back"),
            ("assigned", "working"),
            "returned",
            ("lead",),
            Title("Bộ phận tiếp nhận chuyển lại; hạn không đổi.", "The desk decides anew; the term goes on."),
            asks=(REASON,),
            step="return",
            is_public=False,
            tone="watch",
        ),
        CaseMove(
            "wait",
            Title("Chờ nơi khác", "Wait for others"),
            ("working",),
            "waiting",
            ("lead",),
            Title("Hạn vẫn tính.", "The term goes on."),
            asks=(REASON,),
        ),
        CaseMove("go_on", Title("Tiếp tục xử lý", "Go on"), ("waiting",), "working", ("lead",)),
        CaseMove(
            "answer",
            Title("Trả lời", "Answer"),
            ("assigned", "working", "waiting"),
            "answered",
            ("lead",),
            Title("Bộ phận tiếp nhận kiểm tra rồi công bố.", "The desk checks it and then publishes it."),
            asks=(
                CaseField(
                    "answer",
                    Title("Nội dung trả lời", "Answer"),
                    "words",
                    is_required=True,
                    is_public=True,
                    hint=Title(
                        "Đã làm gì, ở đâu, khi nào; nếu chưa làm được thì vì sao và đến bao giờ.",
                        "What was done, where and when; if nothing yet, why and until when.",
                    ),
                ),
                CaseField("before", Title("Ảnh trước khi xử lý", "Photos before"), "files", is_public=True),
                CaseField("after", Title("Ảnh sau khi xử lý", "Photos after"), "files", is_public=True),
            ),
            step="done",
            guard=Guard(
                "all",
                parts=(
                    Guard(
                        "named",
                        name="steps_done",
                        otherwise=Title(
                            "Còn đơn vị phối hợp chưa xong phần của mình.",
                            "A helping organisation has not finished yet.",
                        ),
                    ),
                    Guard(
                        "named",
                        name="parts_ended",
                        otherwise=Title("Còn phần tách ra chưa xong.", "A part of it is not done yet."),
                    ),
                ),
            ),
            is_public=False,
            tone="good",
        ),
        CaseMove(
            "rework",
            Title("Yêu cầu làm lại", "Send back for more work"),
            ("answered",),
            "working",
            ("desk",),
            Title("Đơn vị xử lý tiếp; hạn không đổi.", "They go on with it; the term goes on."),
            asks=(REASON,),
            is_public=False,
            tone="watch",
        ),
        CaseMove(
            "publish",
            Title("Duyệt và công bố trả lời", "Approve and publish the answer"),
            ("answered",),
            "closed",
            ("desk",),
            Title("Người gửi nhận trả lời và được đánh giá.", "The sender gets the answer and may rate it."),
            guard=Guard(
                "named",
                name="photos_seen",
                otherwise=Title(
                    "Còn ảnh chưa ai xem để che mặt người và biển số: mở từng ảnh trong câu trả lời.",
                    "Nobody has looked at some photos for faces and plates yet: open each of the answer.",
                ),
            ),
            tone="good",
            messages=(_to_reporter(*ANSWERED), _to_followers(*ANSWERED_FOLLOWED)),
        ),
        CaseMove(
            "merge",
            Title("Gộp vào phản ánh khác", "Merge into another"),
            (*AT_DESK, "asked", "assigned", "working", "waiting"),
            "merged",
            ("desk",),
            Title(
                "Người gửi theo dõi phản ánh kia; mã cũ vẫn tra được.",
                "The sender follows the other one; this code is answered for ever.",
            ),
            asks=(
                CaseField(
                    "into", Title("Mã phản ánh", "Code of the other"), "text", is_required=True, most=24
                ),
            ),
            messages=(
                _to_reporter(*MERGED),
                _to_followers(*MERGED_FOLLOWED),
            ),
        ),
        CaseMove(
            "reopen",
            Title("Đề nghị xử lý lại", "Ask to deal with it again"),
            ("closed",),
            "returned",
            ("party", "desk"),
            Title("Một lượt xử lý mới với hạn mới bắt đầu.", "A new round with a new term begins."),
            asks=(REASON,),
            guard=Guard(
                "named",
                name="may_reopen",
                otherwise=Title(
                    "Đã quá thời gian mở lại; hãy gửi phản ánh mới.",
                    "It is too late to reopen; send a new report.",
                ),
            ),
            is_reopening=True,
            tone="watch",
        ),
    ),
    clocks=(
        CaseClock(
            "accept",
            Title("Tiếp nhận", "Acceptance"),
            Term(8, "hour", basis=DEFAULT),
            # While the sender is asked it stands still, and goes on with his answer.
            (*AT_DESK, "asked"),
        ),
        CaseClock(
            "handle",
            Title("Trả lời", "Answer"),
            Term(5, "day", basis=DEFAULT),
            (*AT_DESK, "asked", "assigned", "working", "waiting", "answered"),
            is_main=True,
        ),
        CaseClock(
            "publish",
            Title("Duyệt trả lời", "Approval"),
            Term(8, "hour", basis=DEFAULT),
            ("answered",),
        ),
    ),
    fields=(
        CaseField("pictures", Title("Ảnh hiện trường", "Photos of the place"), "files"),
        CaseField("old_code", Title("Mã ở hệ thống cũ", "Code in the system before"), most=80),
    ),
    axes=(
        CaseAxis(
            "publication",
            Title("Công khai", "Publication"),
            (
                ("hidden", Title("Chưa công khai", "Not published")),
                ("published", Title("Đang công khai", "Published")),
                ("withheld", Title("Đã gỡ", "Taken down")),
            ),
            (("hidden", "published"), ("published", "withheld"), ("withheld", "published")),
        ),
    ),
    retention=Retention(5 * 365, DEFAULT),
    reopen_days=10,
    basis=DEFAULT,
    link="/pa/{secret}/",
)
