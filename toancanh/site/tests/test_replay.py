"""`toancanh alerts replay`: once per flood, before its crest, never for a spike, from any file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.running import ROOT
from toancanh.lib.errors import Refused
from toancanh.site import commands, replay

RIVERS = ROOT / "tests" / "data" / "rivers"
DAY = "2020-01-20T00:00:00Z"
START = datetime(2020, 1, 7, tzinfo=UTC)
Row = tuple[datetime, float]


def judged(path: Path, fit_before: str = DAY) -> list[dict[str, object]]:
    """The alerts of the file."""
    return list(replay.run(path, fit_before).lines())


def told(folder: Path, rows: Sequence[Row], decimals: int = 2) -> Path:
    """A file of these readings."""
    path = folder / "gauge.csv"
    lines = [f"{time:%Y-%m-%dT%H:%M:%SZ},{value:.{decimals}f}" for time, value in rows]
    path.write_text("\n".join(["time,value", *lines]))
    return path


def wave(hours: float, begins: float, rise: float, height: float, ebbs: float = 20.0) -> float:
    """What a flood adds: a smooth rise to its crest, then half as much every so often."""
    passed = hours - begins
    if passed < 0:
        return 0.0
    if passed < rise:
        share = passed / rise
        return height * share * share * (3 - 2 * share)
    return height * math.exp(-(passed - rise) / ebbs)


def gauge(level: Callable[[float, Random], float], minutes: int = 60, days: int = 30) -> list[Row]:
    """A month of readings; hours count from 7 January, the day of the lines is hour 312."""
    random = Random(7)
    count = days * 1440 // minutes
    return [(START + timedelta(minutes=n * minutes), level(n * minutes / 60, random)) for n in range(count)]


def hour(number: float) -> str:
    """An hour of the series, as the command tells it."""
    return (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("name", "crest", "opens", "height"),
    [
        ("Y0674060", "2020-01-22T23:00:00Z", "2020-01-22T02:00:00Z", 7410.0),
        ("Y1612030", "2020-01-23T22:20:00Z", "2020-01-22T11:00:00Z", 6493.0),
    ],
)
def test_real_flood_rings_once_and_hours_before_its_crest(
    name: str, crest: str, opens: str, height: float
) -> None:
    (alert,) = judged(RIVERS / f"{name}.csv")
    assert alert["level"] == 3
    assert alert["peak"] == height
    assert "2020-01-20" < str(alert["opened"]) < opens < crest < str(alert["closed"])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["Y0674060", "Y1612030"])
def test_failing_sensor_changes_no_count(tmp_path: Path, name: str, seed: int) -> None:
    rows = [line.split(",") for line in (RIVERS / f"{name}.csv").read_text().splitlines()[1:]]
    random = Random(seed)
    for _spike in range(8):
        at, off = random.randrange(len(rows) - 2), random.choice([800, 3000, 50_000, -3000, -9999])
        for one in rows[at : at + random.choice([1, 1, 2])]:
            one[1] = str(float(one[1]) + off)
    path = tmp_path / "spikes.csv"
    path.write_text("time,value\n" + "\n".join(map(",".join, rows)))
    (alert,) = judged(path)
    assert str(alert["opened"]) < "2020-01-22T15:00:00Z"
    assert alert["peak"] == pytest.approx(7410 if name == "Y0674060" else 6493, abs=30)


@pytest.mark.parametrize(("unit", "decimals"), [(0.001, 0), (0.01, 0), (1.0, 2), (0.3048, 2)])
@pytest.mark.parametrize("minutes", [10, 60, 360])
def test_each_flood_rings_once_before_its_crest_in_any_unit_and_step(
    tmp_path: Path, unit: float, decimals: int, minutes: int
) -> None:
    floods = [(360.0, 36.0, 4.0), (500.0, 36.0, 2.5), (640.0, 36.0, 6.0)]

    def level(hours: float, random: Random) -> float:
        water = 1.2 + random.gauss(0, 0.01) + sum(wave(hours, *flood) for flood in floods)
        return water / unit

    found = judged(told(tmp_path, gauge(level, minutes), decimals))
    assert len(found) == len(floods)
    for alert, (begins, rise, height) in zip(found, floods, strict=True):
        assert hour(begins) < str(alert["opened"]) < hour(begins + rise - 6)
        assert float(str(alert["peak"])) * unit == pytest.approx(1.2 + height, abs=0.3)


def test_second_wave_on_the_recession_is_a_flood_of_its_own_and_a_double_crest_is_not(tmp_path: Path) -> None:
    def waves(second: float) -> list[Row]:
        return gauge(lambda hours, _: 2 + wave(hours, 340, 20, 5, 60) + wave(hours, second, 20, 4, 60))

    assert len(judged(told(tmp_path, waves(376)))) == 1
    apart = judged(told(tmp_path, waves(480)))
    assert len(apart) == 2
    # The water never came back behind the first line between them.
    assert hour(480) < str(apart[1]["opened"]) < hour(500)


@pytest.mark.parametrize(
    "calm",
    [
        lambda hours, random: 1.5 + random.gauss(0, 0.02),
        lambda hours, random: 0.4 * math.sin(hours * 2 * math.pi / 12.42) + random.gauss(0, 0.01),
        lambda hours, random: 1.5,
        lambda hours, random: 0.0,
        lambda hours, random: 1.5 + (3.0 if 400 <= hours < 402 else 0.0),
        lambda hours, random: 1.5 + random.gauss(0, 0.02) - (1.4 if 350 <= hours < 420 else 0.0),
        # A code that stands for days is no water.
        lambda hours, random: 99.99 if 400 <= hours < 500 else 1.5 + random.gauss(0, 0.02),
        # A flood before the day is nobody's news.
        lambda hours, random: 1.5 + random.gauss(0, 0.02) + wave(hours, 60, 20, 4),
    ],
    ids=["noise", "tide", "constant", "nothing", "spike", "dry", "code", "before"],
)
@pytest.mark.parametrize("minutes", [30, 60])
def test_what_is_no_flood_rings_never(
    tmp_path: Path, calm: Callable[[float, Random], float], minutes: int
) -> None:
    assert judged(told(tmp_path, gauge(calm, minutes))) == []


def test_flood_of_the_past_does_not_raise_the_lines(tmp_path: Path) -> None:
    rows = gauge(
        lambda hours, random: 1 + random.gauss(0, 0.01) + wave(hours, 60, 20, 5) + wave(hours, 500, 30, 2)
    )
    (alert,) = judged(told(tmp_path, rows))
    assert hour(500) < str(alert["opened"]) < hour(525)


def test_flood_that_runs_on_the_day_rings_with_the_first_reading_of_it(tmp_path: Path) -> None:
    (alert,) = judged(told(tmp_path, gauge(lambda hours, _: 1 + wave(hours, 300, 40, 5))))
    assert alert["opened"] == DAY


@pytest.mark.slow
def test_file_may_be_written_in_many_ways(tmp_path: Path) -> None:
    rows = gauge(lambda hours, random: 1 + random.gauss(0, 0.01) + wave(hours, 400, 30, 3))
    wanted = judged(told(tmp_path, rows))
    assert len(wanted) == 1
    plain = [(f"{time:%Y-%m-%dT%H:%M:%SZ}", f"{value:.2f}") for time, value in rows]

    def same(head: str, lines: Sequence[str], between: str = "\r\n", encoding: str = "utf-8") -> None:
        path = tmp_path / "other.csv"
        path.write_bytes(between.join([head, *lines]).encode(encoding))
        assert judged(path) == wanted

    mixed = [f"{time},{value}" for time, value in plain]
    Random(3).shuffle(mixed)
    same(
        "Time , VALUE (m)",
        [*mixed, *mixed[:50], "2020-01-30T00:00:00Z,", ",5", "soon,5", ""],
        encoding="utf-8-sig",
    )
    same("Thời gian;Mực nước", [f"{time};{value.replace('.', ',')}" for time, value in plain], "\n")
    same('"station","value","time"', [f'"A","{value}","{time}"' for time, value in plain], "\n", "utf-16")
    local = [(datetime.fromisoformat(time) + timedelta(hours=7), value) for time, value in plain]
    same(
        "time\tvalue", [f"{time.replace(tzinfo=None).isoformat(' ')}+07:00\t{value}" for time, value in local]
    )
    same("time,value", [f"{datetime.fromisoformat(time).timestamp():.0f},{value}" for time, value in plain])


def test_times_without_offset_are_told_back_as_they_came(tmp_path: Path) -> None:
    rows = gauge(lambda hours, random: 1 + random.gauss(0, 0.01) + wave(hours, 400, 30, 3))
    path = tmp_path / "local.csv"
    path.write_text(
        "\n".join(["time,value", *(f"{time:%d/%m/%Y %H:%M},{value:.2f}" for time, value in rows)])
    )
    (alert,) = judged(path, "20/01/2020")
    (wanted,) = judged(told(tmp_path, rows))
    assert f"{alert['opened']}Z" == wanted["opened"]


@pytest.mark.parametrize(
    ("content", "fit_before", "code"),
    [
        ("time,value\n", DAY, "empty"),
        ("a,b,c\n1,2,3\n", DAY, "no_columns"),
        ("time,value\n2020-01-01T00:00:00Z,1\n", DAY, "too_few"),
        ("time,value\n2020-01-01T00:00:00Z,1\n", "some day", "bad_time"),
        ("\0\1\2", DAY, "no_table"),
    ],
)
def test_file_that_cannot_be_judged_is_refused_with_what_to_do(
    tmp_path: Path, content: str, fit_before: str, code: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(Refused) as refused:
        replay.run(path, fit_before)
    assert refused.value.code == code
    assert refused.value.message


def test_command_prints_json_lines_and_what_it_thought_aside(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(RIVERS / "Y0674060.csv")
    assert commands.main(["alerts", "replay", path, "--fit-before", DAY]) == 0
    said = capsys.readouterr()
    (line,) = [json.loads(line) for line in said.out.splitlines()]
    assert list(line) == ["opened", "level", "peak", "closed"]
    assert "2086" in said.err
    assert commands.main(["alerts", "replay", "/nowhere.csv", "--fit-before", DAY]) == 1
    assert "/nowhere.csv" in capsys.readouterr().err
