"""What the public is warned of when rivers rise and rain falls: words to begin with.

They tell what was measured and what to do, and forecast nothing: what comes is quoted from the bulletins of
the hydrometeorological service. No regulation sets these words; a locality writes its own.
"""

from __future__ import annotations

from toancanh.kernel.declare import Title, WarningEvent, WarningTemplate, WarningText

OWN = "Mặc định của sản phẩm, không phải mẫu của quy định; địa phương sửa theo phương án của mình"

RIVER_DO = WarningText(
    headline="Nước sông tại {station}: {reading}",
    what="Lúc {time}, mực nước đo được tại {station} là {reading}.",
    where="Chú ý vùng thấp ven sông, bãi bồi, ngầm tràn và đường hay ngập.",
    instruction=(
        "Không đi qua ngầm tràn, đường ngập và đoạn sông chảy xiết; không vớt củi, không đánh cá lúc "
        "nước lên. Đưa người già, trẻ em, người bệnh, người khuyết tật đến chỗ cao. Kê cao đồ đạc, thóc"
        " lúa, ngắt điện nơi nước vào. Sạc đầy điện thoại, trữ nước uống và thuốc. Nghe hướng dẫn của "
        "trưởng thôn, tổ trưởng tổ dân phố. Cần cứu nạn gọi 112."
    ),
)
RIVER_DO_EN = WarningText(
    headline="River at {station}: {reading}",
    what="At {time} the water measured at {station} stood at {reading}.",
    where="Beware of low ground along the river, sandbanks, fords and roads that flood often.",
    instruction=(
        "Do not cross fords, flooded roads or fast water; do not gather driftwood or fish while the "
        "river is high. Bring old people, children, the sick and the disabled to high ground. Lift "
        "belongings and rice, switch off electricity where water comes in. Charge phones, store "
        "drinking water and medicine. Follow the head of your village or neighbourhood. For rescue call"
        " 112."
    ),
)
RAIN_DO = WarningText(
    headline="Mưa rất to tại {station}: {reading}",
    what="Đến {time}, lượng mưa đo được tại {station} là {reading}.",
    where="Chú ý vùng trũng thấp, ven suối, sườn dốc và chân taluy.",
    instruction=(
        "Tránh xa suối, cống, hố ga và nơi nước chảy xiết. Rời nhà ở chân dốc khi thấy đất nứt, cây "
        "nghiêng, nước suối đục bất thường. Không để trẻ em ra ngoài một mình. Chuyển xe khỏi hầm và "
        "chỗ trũng. Nghe hướng dẫn của trưởng thôn, tổ trưởng tổ dân phố. Cần cứu nạn gọi 112."
    ),
)
RAIN_DO_EN = WarningText(
    headline="Very heavy rain at {station}: {reading}",
    what="By {time} the rain measured at {station} was {reading}.",
    where="Beware of low ground, streams, slopes and the feet of cuttings.",
    instruction=(
        "Keep away from streams, drains, manholes and fast water. Leave houses below slopes when the "
        "ground cracks, trees lean or a stream turns muddy. Let no child go out alone. Move vehicles "
        "out of basements and hollows. Follow the head of your village or neighbourhood. For rescue "
        "call 112."
    ),
)
RIVER_END = WarningText(
    headline="Kết thúc cảnh báo nước sông dâng cao",
    what="Nước sông đã xuống; cảnh báo trước đây không còn hiệu lực.",
    where="",
    instruction=(
        "Vẫn tránh bờ sông mới sạt, nhà bị nứt và đường còn bùn. Kiểm tra điện trước khi bật. Đun sôi "
        "nước, dọn vệ sinh, khử khuẩn giếng theo hướng dẫn của y tế. Báo thiệt hại cho thôn, tổ dân "
        "phố."
    ),
)
RIVER_END_EN = WarningText(
    headline="End of the river warning",
    what="The river has fallen; the warning given before holds no longer.",
    where="",
    instruction=(
        "Still keep away from fallen banks, cracked houses and muddy roads. Have the electricity "
        "checked before you switch it on. Boil water, clean up, disinfect wells as the health station "
        "says. Report damage to the head of your village or neighbourhood."
    ),
)
RAIN_END = WarningText(
    headline="Kết thúc cảnh báo mưa rất to",
    what="Mưa đã giảm; cảnh báo trước đây không còn hiệu lực.",
    where="",
    instruction="Vẫn tránh sườn dốc, suối và đường còn ngập. Báo thiệt hại cho thôn, tổ dân phố.",
)
RAIN_END_EN = WarningText(
    headline="End of the warning of very heavy rain",
    what="The rain has eased; the warning given before holds no longer.",
    where="",
    instruction=(
        "Still keep away from slopes, streams and flooded roads. Report damage to the head of your "
        "village or neighbourhood."
    ),
)

EVENTS = (
    WarningEvent(
        name="river",
        title=Title("Lũ, ngập lụt", "Flood"),
        category="Met",
        templates=(
            WarningTemplate(
                name="level",
                title=Title("Nước sông dâng cao", "High river"),
                rules=("flood.level", "flood.rising"),
                vi=RIVER_DO,
                en=RIVER_DO_EN,
                basis=OWN,
                lasts_h=12,
            ),
            WarningTemplate(
                name="ending",
                title=Title("Kết thúc: nước đã xuống", "End: the river has fallen"),
                kind="all_clear",
                vi=RIVER_END,
                en=RIVER_END_EN,
                basis=OWN,
                lasts_h=24,
            ),
        ),
    ),
    WarningEvent(
        name="rain",
        title=Title("Mưa lớn", "Heavy rain"),
        category="Met",
        templates=(
            WarningTemplate(
                name="downpour",
                title=Title("Mưa rất to", "Very heavy rain"),
                rules=("flood.downpour",),
                vi=RAIN_DO,
                en=RAIN_DO_EN,
                basis=OWN,
                lasts_h=6,
            ),
            WarningTemplate(
                name="ending",
                title=Title("Kết thúc: mưa đã giảm", "End: the rain has eased"),
                kind="all_clear",
                vi=RAIN_END,
                en=RAIN_END_EN,
                basis=OWN,
                lasts_h=24,
            ),
        ),
    ),
)
