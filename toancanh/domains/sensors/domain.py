"""What the sensors domain brings to the house."""

from toancanh.domains.sensors import queries
from toancanh.kernel.declare import Domain, Layer, ThingType, Title

DOMAIN = Domain(
    name="sensors",
    title=Title("Cảm biến", "Sensors"),
    icon="radar",
    things=(
        ThingType(name="station", title=Title("Trạm đo", "Measuring station"), icon="radar", open=True),
        ThingType(
            name="siren",
            title=Title("Còi, loa cảnh báo", "Siren, loudspeaker"),
            icon="speakerphone",
            open=True,
        ),
    ),
    layers=(
        Layer(
            name="stations",
            title=Title("Trạm đo khác", "Other stations"),
            icon="radar",
            features=queries.station_features,
            public=True,
        ),
    ),
)
