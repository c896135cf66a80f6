"""Finds the domains, checks what they declare at the door, answers "who brings what"."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Protocol

import toancanh.domains
from toancanh.kernel.declare import (
    AlertRule,
    Domain,
    Layer,
    On,
    PortalDoor,
    SeriesType,
    ThingType,
    WarningEvent,
    WarningTemplate,
)
from toancanh.kernel.declare_cases import CaseType

NAME = re.compile(r"[a-z][a-z_]*\Z")


class Named(Protocol):
    """Whatever is declared under a name."""

    @property
    def name(self) -> str: ...


class Misdeclared(Exception):
    """A domain declares something that the house can't hold; the text names it."""


def folders() -> tuple[str, ...]:
    """Dotted names of the domain packages that lie in the house."""
    return tuple(f"toancanh.domains.{m.name}" for m in pkgutil.iter_modules(toancanh.domains.__path__))


@lru_cache(maxsize=1)
def domains() -> tuple[Domain, ...]:
    """All domains, those in the house and those installed beside it; read once a process."""
    found = [importlib.import_module(f"{folder}.domain").DOMAIN for folder in folders()]
    found += [entry.load() for entry in entry_points(group="toancanh.domains")]
    for domain in found:
        check(domain)
    names = [domain.name for domain in found]
    if len(set(names)) != len(names):
        raise Misdeclared(f"two domains share a name: {sorted(names)}")
    return tuple(found)


def check(domain: object) -> None:
    """Raise Misdeclared unless ``domain`` is a Domain with usable, unique names."""
    if not isinstance(domain, Domain):
        raise Misdeclared(f"{domain!r} is not a Domain")
    groups: list[Sequence[Named]] = [
        domain.things,
        domain.layers,
        domain.tiles,
        domain.alerts,
        domain.screens,
        domain.cases,
        domain.doors,
        domain.additions,
    ]
    groups += [domain.warnings, *(event.templates for event in domain.warnings)]
    for group in (*groups, *(thing.series for thing in domain.things)):
        names = [item.name for item in group]
        if len(set(names)) != len(names):
            raise Misdeclared(f"{domain.name}: a name is declared twice in {names}")
        for name in (domain.name, *names):
            if not NAME.match(name):
                raise Misdeclared(f"{domain.name}: {name!r} is not a plain lower-case name")
    for thing in domain.things:
        for series in thing.series:
            if not series.low < series.high or series.period <= 0:
                raise Misdeclared(f"{domain.name}.{thing.name}.{series.name}: impossible range or period")


@lru_cache(maxsize=1)
def thing_types() -> dict[str, ThingType]:
    """Kinds of things by key, such as ``flood.gauge``."""
    return {f"{domain.name}.{thing.name}": thing for domain in domains() for thing in domain.things}


def thing_type(key: str) -> ThingType | None:
    """The kind of that key, or None where its domain is no longer here."""
    return thing_types().get(key)


def series_type(kind: str, name: str) -> SeriesType | None:
    """What things of ``kind`` measure under ``name``."""
    thing = thing_type(kind)
    return next((s for s in thing.series if s.name == name), None) if thing else None


def layers() -> dict[str, Layer]:
    """Map layers by key, such as ``flood.gauges``, in the order of declaration."""
    return {f"{domain.name}.{layer.name}": layer for domain in domains() for layer in domain.layers}


@lru_cache(maxsize=1)
def alert_rules() -> dict[str, AlertRule]:
    """Declared rules by key, such as ``flood.level``; their conditions are checked when they are written."""
    return {f"{domain.name}.{rule.name}": rule for domain in domains() for rule in domain.alerts}


@lru_cache(maxsize=1)
def case_types() -> dict[str, CaseType]:
    """Declared kinds of work by key, such as ``reports.report``; they are checked when they are published."""
    return {f"{domain.name}.{one.name}": one for domain in domains() for one in domain.cases}


@lru_cache(maxsize=1)
def warning_events() -> dict[str, WarningEvent]:
    """What the public is warned of, by key such as ``flood.river``."""
    return {f"{domain.name}.{event.name}": event for domain in domains() for event in domain.warnings}


@lru_cache(maxsize=1)
def warning_templates() -> dict[str, WarningTemplate]:
    """Declared words of warnings by key, such as ``flood.river.level``."""
    return {f"{key}.{one.name}": one for key, event in warning_events().items() for one in event.templates}


def portal_doors() -> tuple[PortalDoor, ...]:
    """Doors of the portal in the order of declaration."""
    return tuple(door for domain in domains() for door in domain.doors)


def reactions(event: str) -> tuple[On, ...]:
    """Who reacts to the event of that name."""
    return tuple(on for domain in domains() for on in domain.reactions if on.name == event)
