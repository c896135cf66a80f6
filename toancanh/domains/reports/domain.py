"""What the reports domain brings to the house."""

from toancanh.domains.reports.kind import REPORT
from toancanh.kernel.declare import Domain, Title

DOMAIN = Domain(
    name="reports",
    title=Title("Phản ánh hiện trường", "Field reports"),
    icon="message-report",
    cases=(REPORT,),
)
