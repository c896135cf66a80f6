"""What the reports domain brings to the house."""

from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.learning import acting
from toancanh.domains.reports.routing import taking
from toancanh.kernel.declare import Domain, On, Screen, Title

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
)
