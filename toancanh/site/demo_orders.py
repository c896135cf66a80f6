"""Orders of the demo city's leader in every state that his list knows, by the actions behind its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction

from toancanh.domains.directives import actions, deadlines
from toancanh.domains.directives.actions import Order
from toancanh.kernel.cases import extending, moving, urging
from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.runtime import clock, subjects
from toancanh.kernel.territory import queries as territory

Fate = Literal[
    "given", "working", "parts", "asks", "reported", "returned", "late", "done", "done_late", "extended"
]
Step = Callable[[], object]
Offices = Mapping[str, Actor]
CITY = "46"
GAUGE = "thing:hue-kim-long"


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was ordered, how many days ago, and what became of it."""

    title: str
    words: str
    lead: str
    fate: Fate
    ago: float
    days: int
    """Working days of its term."""
    result: str = ""
    progress: str = ""
    percent: int = 0
    helpers: Sequence[str] = ()
    evidence: str = ""
    about: str = ""
    priority: int = 0


ORDERS = (
    Story(
        title="Chấn chỉnh tiếng ồn ban đêm",
        words="Kiểm tra các quán hát bị phản ánh nhiều lần, báo cáo kết quả xử lý.",
        lead="ca-hue",
        fate="done",
        ago=44,
        days=10,
        result="Đã kiểm tra 9 cơ sở, nhắc nhở 6, xử phạt 3.",
        evidence="Danh sách cơ sở và biên bản",
    ),
    Story(
        title="Vá ổ gà trên các tuyến trục chính",
        words="Vá xong các vị trí người dân phản ánh trên các tuyến trục chính.",
        lead="sxd-hue",
        fate="extended",
        ago=36,
        days=5,
        result="Đã vá 137 vị trí trên 11 tuyến; còn lại đưa vào kế hoạch sửa chữa quý sau.",
    ),
    Story(
        title="Thu gom rác tồn đọng ven kênh",
        words="Thu gom dứt điểm các điểm rác tồn đọng, không để tái phát.",
        lead="mtdt-hue",
        fate="done_late",
        ago=30,
        days=4,
        result="Đã thu gom 42 tấn tại 8 điểm, cắm biển cấm và bố trí thùng rác.",
    ),
    Story(
        title="Kiểm tra an toàn thực phẩm quanh trường học",
        words="Kiểm tra các hàng quán quanh cổng trường, xử lý nơi không đạt.",
        lead="syt-hue",
        fate="done",
        ago=24,
        days=7,
        result="Đã kiểm tra 56 hàng quán, lấy 20 mẫu, đình chỉ 2 nơi.",
        helpers=("ca-hue",),
    ),
    Story(
        title="Thay đèn đường hỏng tại các kiệt",
        words="Thay toàn bộ đèn hỏng đã được phản ánh, báo cáo số lượng từng phường.",
        lead="mtdt-hue",
        fate="late",
        ago=16,
        days=5,
        progress="Đã thay 63 trong 105 bóng, chờ thêm vật tư.",
        percent=60,
    ),
    Story(
        title="Bảo đảm nước sạch khu dân cư mới",
        words="Kiểm tra áp lực và chất lượng nước ở các khu dân cư mới, khắc phục nơi yếu.",
        lead="nuoc-hue",
        fate="returned",
        ago=13,
        days=15,
        progress="Đã kiểm tra 9 trong 12 khu.",
        percent=75,
        result="Đã kiểm tra 12 khu, thay 3 van giảm áp.",
        evidence="Kết quả kiểm nghiệm mẫu nước",
    ),
    Story(
        title="Kiểm tra cây nghiêng gần trường học",
        words="Kiểm tra và cắt tỉa cây nghiêng quanh các trường học trước đợt gió mạnh.",
        lead="mtdt-hue",
        fate="reported",
        ago=9,
        days=8,
        result="Đã cắt tỉa 61 cây quanh 18 trường, chống đỡ 7 cây cổ thụ.",
        evidence="Ảnh trước và sau tại từng trường",
        priority=1,
    ),
    Story(
        title="Khơi thông cống trước mùa mưa",
        words="Rà soát các điểm ngập trong phản ánh của người dân, khơi thông xong trước đợt mưa tới.",
        lead="sxd-hue",
        fate="parts",
        ago=7,
        days=10,
        progress="Đã khơi thông 24 trong 40 điểm.",
        percent=60,
        helpers=("dien-hue",),
        evidence="Ảnh từng điểm sau khi khơi thông",
        priority=1,
    ),
    Story(
        title="Rà soát vật tư, phương tiện phòng chống lụt",
        words="Kiểm kê thuyền, áo phao, máy bơm ở các kho; bổ sung chỗ thiếu.",
        lead="snnmt-hue",
        fate="asks",
        ago=5,
        days=5,
        progress="Đã kiểm kê 5 trong 7 kho.",
        percent=70,
    ),
    Story(
        title="Theo dõi mực nước sông Hương tại Kim Long",
        words="Cử người trực tại trạm, báo cáo mực nước hai giờ một lần khi nước lên.",
        lead="snnmt-hue",
        fate="working",
        ago=2,
        days=6,
        progress="Đã lập tổ trực ba ca, nối máy với Đài Khí tượng thủy văn.",
        percent=40,
        about=GAUGE,
        priority=2,
    ),
    Story(
        title="Kiểm tra an toàn lưới điện vùng thấp trũng",
        words="Kiểm tra các trạm biến áp và đường dây ở vùng thấp trũng trước mưa lũ.",
        lead="dien-hue",
        fate="given",
        ago=0.3,
        days=5,
    ),
)
PART = Story(
    title="Khơi thông 16 điểm trên các tuyến đường thủy lợi",
    words="Khơi thông các điểm cống qua kênh thủy lợi đã khảo sát.",
    lead="mtdt-hue",
    fate="working",
    ago=0,
    days=3,
    progress="Đã khơi thông 9 trong 16 điểm.",
    percent=55,
)


def give_all(now: datetime, leader: Actor, offices: Offices) -> None:
    """Give what is missing, the oldest first; each whole or not at all."""
    for story in ORDERS:
        if actions.given(_key(story), leader) is None:
            with transaction.atomic():
                _live(story, now, leader, offices)


def _key(story: Story) -> str:
    return f"demo-order-{story.title}"


def _live(story: Story, now: datetime, leader: Actor, offices: Offices) -> None:
    given_at, own = now - timedelta(days=story.ago), offices[story.lead]
    with clock.set_to(given_at):
        about = story.about if story.about and subjects.find(story.about, leader) else ""
        case = actions.give(_order(story, about=about), by=leader)
    due = case.due_at or now
    last = given_at
    for at, step in _steps(case, story, given_at, due, now, leader, own):
        # On holidays terms end later: what would lie ahead of now is done just before it.
        last = min(max(at, last + timedelta(minutes=1)), now - timedelta(minutes=1))
        with clock.set_to(last):
            step()
    if story.fate == "parts":
        _hand_on(case, now, own, offices)


def _order(story: Story, *, about: str = "", whole: Case | None = None) -> Order:
    city = territory.unit(CITY)
    assert city is not None
    codes = Organisation.objects.in_bulk([story.lead, *story.helpers], field_name="code")
    return Order(
        key=_key(story),
        title=story.title,
        words=story.words,
        unit=city,
        lead=codes[story.lead],
        helpers=[codes[code] for code in story.helpers],
        deadline=deadlines.of_days(story.days, city.path),
        evidence=story.evidence,
        priority=story.priority,
        about=about,
        whole=whole,
        is_sample=True,
    )


def _steps(
    case: Case, story: Story, given_at: datetime, due: datetime, now: datetime, leader: Actor, own: Actor
) -> Iterator[tuple[datetime, Step]]:
    """What happened, each with its moment."""
    term, fate = due - given_at, story.fate
    if fate == "given":
        return
    yield given_at + timedelta(hours=3), lambda: moving.move(case, "take", by=own)
    if story.progress:
        said = {"progress": story.progress, "percent": str(story.percent)}
        yield given_at + term * 0.3, lambda: moving.move(case, "progress", said, by=own)
    if fate == "late":
        words = "Quá hạn rồi: tăng thêm tổ thi công, báo cáo trong ngày mai."
        yield now - timedelta(days=1), lambda: urging.urge(case, words, by=leader)
    if fate in ("asks", "extended"):
        more = "Mưa kéo dài, vật tư về chậm."
        at = now - timedelta(hours=4) if fate == "asks" else given_at + term * 0.6
        yield at, lambda: extending.ask(case, 4, more, by=own)
    if fate == "extended":
        yield (
            given_at + term * 0.7,
            lambda: extending.settle(case, True, "Đồng ý, làm xong trong hạn mới.", by=leader),
        )
    if not story.result:
        return
    ends = {"done_late": due + timedelta(days=3), "extended": due + timedelta(days=3)}
    reported = now - timedelta(hours=5) if fate == "reported" else ends.get(fate, given_at + term * 0.6)
    yield reported, lambda: moving.move(case, "report", {"answer": story.result}, by=own)
    judged = reported + timedelta(hours=6)
    if fate == "returned":
        reason = {"reason": "Còn thiếu kết quả kiểm nghiệm của ba khu, bổ sung rồi báo cáo lại."}
        yield judged, lambda: moving.move(case, "return", reason, by=leader)
    elif fate != "reported":
        yield judged, lambda: moving.move(case, "accept", {"note": "Đạt yêu cầu."}, by=leader)


def _hand_on(whole: Case, now: datetime, own: Actor, offices: Offices) -> None:
    """A part that the organisation in charge gave to another one."""
    with clock.set_to(now - timedelta(days=2)):
        part = actions.give(_order(PART, whole=whole), by=own)
    with clock.set_to(now - timedelta(days=1)):
        said = {"progress": PART.progress, "percent": str(PART.percent)}
        moving.move(part, "progress", said, by=offices[PART.lead])
