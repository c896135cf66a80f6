"""Every domain of the catalogue brings what the house needs of it."""

from __future__ import annotations

import importlib
import math
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from tests.city import NOON, City, measure, thing
from toancanh.kernel import catalogue
from toancanh.kernel.declare import (
    ANYONE,
    Domain,
    Layer,
    Limit,
    SeriesType,
    Station,
    ThingType,
    Title,
    program,
)
from toancanh.kernel.runtime import clock
from toancanh.web.built import icon_body

DOMAINS = catalogue.domains()
each_domain = pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
each_demo = pytest.mark.parametrize("domain", [d for d in DOMAINS if d.demo], ids=lambda d: d.name)
each_layer = pytest.mark.parametrize("key", sorted(catalogue.layers()))
KINDS = sorted(catalogue.thing_types())
FEATURE = {"code", "name", "kind", "kind_title", "unit_name", "url", "sample", "period", "series", "unit"}
FEATURE |= {"value", "time", "level", "level_name", "sentence", "precision", "thresholds"}


def titles(domain: Domain) -> list[Title]:
    """Everything that the domain calls by a name."""
    found = [domain.title, *(t for _, t in domain.rights)]
    for group in (domain.things, domain.layers, domain.tiles):
        found += [item.title for item in group]
    return found + [series.title for thing in domain.things for series in thing.series]


@each_domain
def test_everything_has_a_title_in_both_languages(domain: Domain) -> None:
    for title in titles(domain):
        assert title.vi.strip()
        assert title.en.strip()
        assert title.vi != title.en
        assert title.en.isascii()


@each_domain
def test_every_icon_is_drawn(domain: Domain) -> None:
    for icon in (domain.icon, *(t.icon for t in domain.things), *(layer.icon for layer in domain.layers)):
        assert icon_body(icon).startswith("<")


@each_domain
def test_domain_says_what_it_is(domain: Domain) -> None:
    module = importlib.import_module(f"toancanh.domains.{domain.name}")
    assert module.__file__ is not None
    readme = Path(module.__file__).parent / "README.md"
    said = readme.read_text(encoding="utf-8")
    assert said.startswith("# ")
    for word in ("Legal basis", "Sources"):
        assert f"## {word}" in said


@each_domain
def test_tiles_say_something_with_and_without_data(city: City, domain: Domain) -> None:
    for language in ("vi", "en"):
        with translation.override(language), clock.set_to(NOON):
            for tile in domain.tiles:
                assert tile.value(ANYONE, NOON).text
                assert tile.value(program("x"), NOON).text
                assert tile.link.startswith("/console/")


@each_domain
def test_tiles_lead_to_pages(city: City, client: Client, domain: Domain) -> None:
    for tile in domain.tiles:
        assert client.get(tile.link).status_code == 302


@each_layer
def test_layer_gives_points_with_the_documented_properties(city: City, client: Client, key: str) -> None:
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.0)
        measure(city.rain, NOON, 1.0)
        for kind, declared in catalogue.thing_types().items():
            if declared.open:
                own = SeriesType(
                    name="air", title=Title("Không khí", "Air"), unit="°C", low=-50, high=60, period=60
                )
                thing(f"open-{declared.name}", kind, "air", own=own)
        for language in ("vi", "en"):
            said = client.get(f"/layers/{key}.json", headers={"Accept-Language": language}).json()
            assert said["type"] == "FeatureCollection"
            assert said["features"]
            for feature in said["features"]:
                assert set(feature) == {"type", "geometry", "properties"}
                assert feature["geometry"]["type"] == "Point"
                lon, lat = feature["geometry"]["coordinates"]
                assert math.isfinite(lon)
                assert math.isfinite(lat)
                assert set(feature["properties"]) >= FEATURE
                assert client.get(feature["properties"]["url"]).status_code == 200


def stations() -> list[Station]:
    """One station of every kind."""
    kinds = catalogue.thing_types().items()
    return [
        Station(
            code=f"hue-{key.replace('.', '-').replace('_', '-')}",
            kind=key,
            lon=107.57,
            lat=16.46,
            periods={series.name: series.period for series in kind.series},
        )
        for key, kind in kinds
        if kind.series
    ]


@each_demo
def test_demo_tells_of_declared_series_alone_in_the_span_and_in_range(domain: Domain) -> None:
    assert domain.demo is not None
    own = [s for s in stations() if s.kind.startswith(f"{domain.name}.")]
    start, end = clock.to_us(NOON - timedelta(hours=6)), clock.to_us(NOON)
    told = list(domain.demo(own, start, end))
    kinds = {s.code: s.kind for s in own}
    series = {(s.code, name) for s in own for name in s.periods}
    assert {(m.thing, m.series) for m in told} == series
    assert all(start <= m.time_us < end for m in told)
    assert len({(m.thing, m.series, m.time_us) for m in told}) == len(told)
    outside = [m for m in told if not within(kinds[m.thing], m.series, m.value)]
    assert len(outside) <= len(told) / 100


def within(kind: str, name: str, value: float) -> bool:
    """Whether a value lies in the declared range."""
    declared = catalogue.series_type(kind, name)
    assert declared is not None
    return declared.low <= value <= declared.high


@pytest.mark.slow
@each_demo
def test_demo_tells_the_same_again_and_in_parts(domain: Domain) -> None:
    assert domain.demo is not None
    own = [s for s in stations() if s.kind.startswith(f"{domain.name}.")]
    start, middle, end = (clock.to_us(NOON - timedelta(hours=h)) for h in (30, 20, 0))
    whole = sorted(map(repr, domain.demo(own, start, end)))
    parts = [*domain.demo(own, start, middle), *domain.demo(own, middle, end)]
    assert sorted(map(repr, parts)) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_sentence_of_any_value_is_one_line_in_both_languages(kind: str) -> None:
    limits = (Limit(name="BĐ1", value=1.0, verified=True), Limit(name="BĐ2", value=2.0, verified=True))
    for series in catalogue.thing_types()[kind].series:
        if series.sentence is None:
            continue
        for value in (series.low, 0.0, 0.996, 1.0, 1.5, 2.0, series.high):
            for given in ((), limits):
                said = [series.sentence(value, given, language) for language in ("vi", "en")]
                assert all(line and "\n" not in line for line in said)


def series(**changed: object) -> SeriesType:
    """A declaration, with a change."""
    facts = {"name": "level", "title": Title("a", "b"), "unit": "m", "low": 0.0, "high": 1.0, "period": 60}
    return SeriesType(**(facts | changed))  # type: ignore[arg-type]


def kind(name: str = "gauge", *measured: SeriesType) -> ThingType:
    """A kind of thing."""
    return ThingType(name=name, title=Title("a", "b"), icon="ripple", series=measured)


def layer(name: str) -> Layer:
    """A layer without features."""
    return Layer(name=name, title=Title("a", "b"), icon="ripple", features=lambda actor, at: [])


def domain(name: str = "water", **parts: object) -> Domain:
    """A domain with these parts."""
    return Domain(name=name, title=Title("a", "b"), icon="ripple", **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        "not a domain",
        domain("Water"),
        domain("water.deep"),
        domain(things=(kind("Gauge"),)),
        domain(things=(kind(), kind())),
        domain(layers=(layer("a"), layer("a"))),
        domain(things=(kind("gauge", series(low=1.0)),)),
        domain(things=(kind("gauge", series(period=0)),)),
        domain(things=(kind("gauge", series(low=float("nan"))),)),
        domain(things=(kind("gauge", series(), series()),)),
        domain(things=(kind("gauge", series(name="Level")),)),
    ],
)
def test_misdeclared_domain_is_refused_at_the_door(wrong: object) -> None:
    with pytest.raises(catalogue.Misdeclared):
        catalogue.check(wrong)


def test_well_declared_domain_passes() -> None:
    catalogue.check(domain(things=(kind("gauge", series()),), layers=(layer("a"), layer("b"))))
