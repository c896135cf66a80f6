"""What the directives domain brings to the house."""

from toancanh.domains.directives import beside, telling
from toancanh.domains.directives.kind import DIRECTIVE
from toancanh.kernel.declare import Addition, Domain, On, Screen, Title

DOMAIN = Domain(
    name="directives",
    title=Title("Ý kiến chỉ đạo", "Directives"),
    icon="speakerphone",
    cases=(DIRECTIVE,),
    screens=(
        Screen(
            name="directives",
            # Short in English, so that the rail of a phone holds it in one piece.
            title=Title("Ý kiến chỉ đạo", "Orders"),
            icon="speakerphone",
            url="/console/directives/",
            right="console.see",
        ),
    ),
    reactions=(
        On(name="cases.opened", react=telling.opened),
        On(name="cases.extension_asked", react=telling.extension_asked),
        On(name="cases.extension_settled", react=telling.extension_settled),
        On(name="cases.urged", react=telling.urged),
    ),
    additions=(Addition(name="orders", box=beside.box),),
)
