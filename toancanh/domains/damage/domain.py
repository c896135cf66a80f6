"""What the damage domain brings to the house."""

from toancanh.kernel.declare import Domain, Screen, Title

DOMAIN = Domain(
    name="damage",
    title=Title("Thiệt hại", "Damage"),
    icon="home",
    screens=(
        Screen(
            name="counts",
            title=Title("Báo cáo nhanh thiệt hại", "Quick damage counts"),
            icon="home",
            url="/console/damage/",
            right="console.see",
        ),
    ),
)
