"""What the directives domain brings to the house."""

from toancanh.domains.directives.kind import DIRECTIVE
from toancanh.kernel.declare import Domain, Title

DOMAIN = Domain(
    name="directives",
    title=Title("Ý kiến chỉ đạo", "Directives"),
    icon="speakerphone",
    cases=(DIRECTIVE,),
)
