"""What the flood domain brings to the house."""

from toancanh.domains.flood import alerts, bulletin, demo, jobs, queries, warnings
from toancanh.kernel.declare import Domain, Layer, Legend, On, SeriesType, ThingType, Tile, Title

LEVEL = SeriesType(
    name="level",
    title=Title("Mực nước", "Water level"),
    unit="m",
    low=-2.0,
    high=30.0,
    period=60,
    precision=2,
    sentence=bulletin.level,
)
RAIN = SeriesType(
    name="rain",
    title=Title("Lượng mưa", "Rainfall"),
    unit="mm",
    low=0.0,
    high=100.0,
    period=300,
    precision=1,
    adds_up=True,
    sentence=bulletin.rain,
)

DOMAIN = Domain(
    name="flood",
    title=Title("Ngập lụt", "Flood"),
    icon="ripple",
    things=(
        ThingType(name="gauge", title=Title("Trạm thủy văn", "Water gauge"), icon="ripple", series=(LEVEL,)),
        ThingType(
            name="rain_station", title=Title("Trạm đo mưa", "Rain station"), icon="droplet", series=(RAIN,)
        ),
    ),
    layers=(
        Layer(
            name="gauges",
            title=Title("Trạm thủy văn", "Water gauges"),
            icon="ripple",
            features=queries.gauge_features,
            public=True,
        ),
        Layer(
            name="rain",
            title=Title("Trạm đo mưa", "Rain stations"),
            icon="droplet",
            features=queries.rain_features,
            public=True,
            legend=Legend(
                title=Title("Mưa 24 giờ", "Rain, 24 hours"),
                classes=tuple((found.key, found.title) for found in bulletin.RAIN_OF_A_DAY),
            ),
        ),
    ),
    tiles=(
        Tile(
            name="highest",
            title=Title("Mực nước cao nhất so với báo động", "Highest water against alarm levels"),
            value=queries.highest,
            link="/console/things/?kind=flood.gauge",
        ),
        Tile(
            name="wettest",
            title=Title("Mưa nhiều nhất 24 giờ", "Most rain in 24 hours"),
            value=queries.wettest,
            link="/console/things/?kind=flood.rain_station",
        ),
        Tile(
            name="silent",
            title=Title("Trạm mất tín hiệu", "Silent stations"),
            value=queries.silent,
            link="/console/things/?state=silent",
        ),
    ),
    alerts=alerts.RULES,
    warnings=warnings.EVENTS,
    reactions=(On(name="telemetry.threshold_set", react=jobs.recolour),),
    demo=demo.past,
)
