"""A centre as it stands on the evening of a flood: people in their posts, channels, contacts and sirens.

All of it is made by the product's own actions, in one process before the program starts.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.running import Program

if TYPE_CHECKING:
    from toancanh.kernel.declare import Actor

GAUGE = "hue-kim-long"
OFFICER = ("truc", "mat-khau-cua-ca-truc-2026")
LEADER = ("lanhdao", "mat-khau-cua-lanh-dao-2026")


@dataclass(frozen=True)
class Contact:
    """Somebody who is to be told: an official, or the head of ``place``."""

    commune: str
    name: str
    post: str
    place: str = ""
    phone: str = ""
    zalo: str = ""


@dataclass(frozen=True)
class Siren:
    """A siren and where it stands."""

    code: str
    name: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Made:
    """What only the centre tells its devices and gateways."""

    tokens: Mapping[str, str]
    """Secrets of the gauge and the sirens; the name of a token is that of its thing."""
    hooks: Mapping[str, str]
    """Where gateways tell receipts, by channel."""


def arrange(
    program: Program, channels: Mapping[str, Mapping[str, str]], contacts: list[Contact], sirens: list[Siren]
) -> Made:
    """Set the centre up in the store of a program that does not run yet; ``channels`` as their forms are."""
    said = {"channels": channels, "contacts": [asdict(one) for one in contacts]}
    told = program.module("tests.centre", {**said, "sirens": [asdict(one) for one in sirens]})
    found = json.loads(told.splitlines()[-1])
    hooks = {name: f"{program.url}/hooks/messages/{tail}" for name, tail in found["hooks"].items()}
    return Made(found["tokens"], hooks)


def main() -> None:
    """As a process on the store of the program."""
    import django

    django.setup()

    from toancanh.kernel.declare import program

    said, by = json.load(sys.stdin), program("tests")
    _people()
    for one in said["contacts"]:
        _contact(Contact(**one), by)
    things = [GAUGE, *(_siren(Siren(**one), by) for one in said["sirens"])]
    print(json.dumps({"hooks": _channels(said["channels"], by), "tokens": _tokens(things, by)}))


def _people() -> None:
    from toancanh.site.commands import person_create

    for (username, password), role in ((OFFICER, "officer"), (LEADER, "leader")):
        roles = {"officer": role == "officer", "leader": role == "leader"}
        person_create(Namespace(username=username, name=f"Nguyễn {username}", password=password, **roles))


def _channels(channels: Mapping[str, Mapping[str, str]], by: Actor) -> dict[str, str]:
    from toancanh.kernel.notify import setups

    hooks = {}
    for name, values in channels.items():
        kept = setups.values(setups.change(name, values, is_on=True, by=by))
        hooks[name] = "/".join(part for part in (name, kept.get("hook_secret", "")) if part)
    return hooks


def _contact(one: Contact, by: Actor) -> None:
    from toancanh.kernel.contacts import actions
    from toancanh.kernel.contacts.facts import Facts, addresses
    from toancanh.kernel.contacts.models import Kind
    from toancanh.kernel.territory.queries import unit

    commune = unit(one.commune)
    assert commune is not None, one.commune
    facts: dict[str, Any] = {"kind": Kind.OFFICIAL}
    if one.place:
        facts = {"kind": Kind.HEAD, "neighbourhood": actions.found(commune, one.place, by=by)}
    reached = addresses(one.phone, "", one.zalo)
    actions.add(Facts(name=one.name, post=one.post, unit=commune, addresses=reached, **facts), by=by)


def _siren(one: Siren, by: Actor) -> str:
    from toancanh.kernel.declare import SeriesType, Title
    from toancanh.kernel.registry import actions as registry
    from toancanh.kernel.telemetry import actions as telemetry

    made = registry.register(
        one.code, "sensors.siren", one.name, one.lon, one.lat, by=by, is_public=True, source="kiểm thử"
    )
    title = Title("Ắc quy", "Battery")
    battery = SeriesType(name="battery", title=title, unit="V", low=0.0, high=30.0, period=600)
    telemetry.define_series(made, "battery", by=by, own=battery)
    return made.code


def _tokens(things: list[str], by: Actor) -> dict[str, str]:
    from toancanh.kernel.people.actions import create_token

    return {thing: create_token(thing, by=by, things=[thing]).secret for thing in things}


if __name__ == "__main__":
    main()
