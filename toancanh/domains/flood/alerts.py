"""When water and rain need an officer: defaults that a locality changes by its own decisions.

The levels themselves are the thresholds of each station, dated and with their legal basis. Hysteresis,
holding and rates stand in no regulation known to us: they are the product's own, so that one flood rings
once, and are to be set by the locality's command for disaster prevention.
"""

from __future__ import annotations

from toancanh.kernel.declare import AlertRule, Bands, Line, Silence, Title

OWN = "Mặc định của sản phẩm, không phải quy định; địa phương quyết định và sửa theo từng trạm"

RULES = (
    AlertRule(
        name="level",
        title=Title("Mực nước đạt mức báo động", "Water has reached an alarm level"),
        kind="flood.gauge",
        condition=Bands(
            series="level",
            lines=(
                Line(at="BĐ1", severity=1),
                Line(at="BĐ2", severity=2),
                Line(at="BĐ3", severity=3),
            ),
            hysteresis=0.1,
            calm_s=1800,
            spike=1.0,
        ),
        basis=(
            "Mức báo động theo Quyết định 05/2020/QĐ-TTg hoặc quyết định của địa phương, ghi ở từng trạm. "
            "Độ trễ 0,10 m và 30 phút: mặc định của sản phẩm"
        ),
    ),
    AlertRule(
        name="rising",
        title=Title("Nước lên nhanh", "Water is rising fast"),
        kind="flood.gauge",
        condition=Bands(
            series="level",
            lines=(Line(at=0.3, severity=1), Line(at=0.6, severity=2)),
            of="rate",
            window_s=1800,
            hysteresis=0.15,
            hold_s=300,
            calm_s=1800,
            spike=1.0,
        ),
        basis=OWN,
    ),
    AlertRule(
        name="silence",
        title=Title("Trạm thủy văn mất tín hiệu", "Water gauge is silent"),
        kind="flood.gauge",
        condition=Silence(series="level", after_s=600, severity=1),
        basis=OWN,
    ),
    AlertRule(
        name="downpour",
        title=Title("Mưa rất to", "Very heavy rain"),
        kind="flood.rain_station",
        condition=Bands(
            series="rain",
            lines=(Line(at=50.0, severity=1), Line(at=100.0, severity=2)),
            of="sum",
            window_s=43_200,
            calm_s=3600,
        ),
        basis=(
            "Phân cấp mưa 12 giờ của ngành khí tượng thủy văn (kttv.angiang.gov.vn): "
            "trên 50 mm là mưa rất to; 100 mm là mặc định của sản phẩm"
        ),
    ),
)
