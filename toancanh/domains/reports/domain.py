"""What the reports domain brings to the house."""

from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.learning import acting
from toancanh.domains.reports.routing import taking
from toancanh.kernel.declare import Domain, On, PortalDoor, Screen, Title

DOMAIN = Domain(
    name="reports",
    title=Title("Phản ánh hiện trường", "Field reports"),
    icon="message-report",
    cases=(REPORT,),
    screens=(
        Screen(
            name="triage",
            title=Title("Tiếp nhận phản ánh", "Reception of reports"),
            icon="message-report",
            url="/console/reports/triage/",
            right="cases.desk",
        ),
    ),
    reactions=(On(name="cases.opened", react=acting.opened), On(name="cases.moved", react=taking.moved)),
    doors=(
        PortalDoor(
            name="report",
            title=Title("Gửi phản ánh", "Report a problem"),
            hint=Title(
                "Đường hỏng, cống tắc, rác, đèn tắt: chụp ảnh, gửi, theo dõi.",
                "Broken road, blocked drain, waste, dark lamp: take a photo, send it, follow it.",
            ),
            icon="send",
            url="/reports/new/",
        ),
        PortalDoor(
            name="published",
            title=Title("Phản ánh và trả lời", "Reports and answers"),
            hint=Title(
                "Người dân đã báo gì, ai đang xử lý, đã trả lời ra sao; tra cứu theo mã.",
                "What citizens report, who deals with it, what was answered; look up by code.",
            ),
            icon="list-search",
            url="/reports/",
            url_en="/en/reports/",
        ),
    ),
)
