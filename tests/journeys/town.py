"""Huế on the night of a flood: the program, and everybody around it as a peer that counts at its own side.

A gauge and sirens speak MQTT by paho, a push service opens what browsers may, gateways for SMS and Zalo tell
receipts: early, twice or never.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.publish as mqtt

from tests import centre
from tests.centre import GAUGE, Contact
from tests.edge.wire import wait
from tests.peers.gateway import MAPPING, Gateway, gateway
from tests.peers.push import PushService, push_service
from tests.peers.siren import Siren, siren
from tests.peers.zalo import APP, APP_SECRET, OA_SECRET, ZaloPeer, event, zalo
from tests.ports import free_port
from tests.running import SLOWER, Program, lay_out

SOON = 60.0 * SLOWER
KIM_LONG, DUONG_NO, HUONG_AN = "19774", "19909", "19804"
"""The gauge's commune, another that is warned, and one that is not."""
FOLLOWER = "2512523625412515000"
ANSWERS, SILENT, ELSEWHERE = "84901234561", "84901234562", "84901234563"
PEOPLE = [
    Contact(KIM_LONG, "Trần Thị Hoa", "Phó Chủ tịch UBND", phone=f"+{ANSWERS}"),
    Contact(KIM_LONG, "Lê Văn Ba", "Tổ trưởng tổ dân phố", place="Tổ dân phố 5", zalo=FOLLOWER),
    Contact(DUONG_NO, "Phạm Văn Năm", "Phó Chủ tịch UBND", phone=f"+{SILENT}"),
    Contact(HUONG_AN, "Hồ Thị Sáu", "Phó Chủ tịch UBND", phone=f"+{ELSEWHERE}"),
]
SIRENS = [
    centre.Siren("loa-kim-long", "Còi Kim Long", 107.5640, 16.4605),
    centre.Siren("loa-huong-an", "Còi Hương An", 107.5225, 16.4757),
]


@dataclass
class Town:
    """The program and everybody around it."""

    program: Program
    mqtt: int
    made: centre.Made
    push: PushService
    sms: Gateway
    zalo: ZaloPeer
    sirens: list[Siren]

    def rise(self, *values: float) -> None:
        """The gauge of Kim Long says how high the water stands, one reading after the other."""
        said: list[Any] = [(f"toancanh/{GAUGE}/level", str(value), 1, False) for value in values]
        auth: Any = {"username": GAUGE, "password": self.made.tokens[GAUGE]}
        mqtt.multiple(said, hostname="127.0.0.1", port=self.mqtt, auth=auth)

    def devices_tell(self) -> None:
        """Zalo tells that the devices have got what was sent to them."""
        for number, _said in enumerate(self.zalo.told, 1):
            body, mac = event({"msg_id": f"oa-{number}"})
            post(self.made.hooks["zalo"], body, {"X-ZEvent-Signature": mac})

    def reached(self) -> dict[str, Counter[tuple[str, str]]]:
        """By channel how many copies came to whom under which key, as the other sides counted them."""
        texts = self.sms.texts.items()
        return {
            "push": Counter((path, said["key"]) for path, said, _headers in list(self.push.told)),
            "sms": Counter({(said["to"], key): self.sms.taken[key] for key, said in list(texts)}),
            "zalo": Counter((said["recipient"]["user_id"], text(said)) for said in list(self.zalo.told)),
            "siren": Counter(
                {(one.thing, key): n for one in self.sirens for key, n in list(one.heard.items())}
            ),
        }


def text(said: dict[str, Any]) -> str:
    """The words of a message at Zalo, which has no key: nobody has the same words twice."""
    return str(said["message"]["text"])


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """As a gateway calls back."""
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    urllib.request.urlopen(asked, timeout=30).close()


def receipts(town: Town) -> Callable[[dict[str, Any]], None]:
    """The gateway's receipts: before its answer, each twice; never for the phone that is off."""

    def tell(said: dict[str, Any]) -> None:
        if town.sms.texts[said["id"]]["to"] != SILENT:
            for _again in range(2):
                post(town.made.hooks["sms"], json.dumps(said).encode(), {})

    return tell


@contextmanager
def night(folder: Path) -> Iterator[Town]:
    """The town with an officer, a leader, people to be told, two sirens and every other side."""
    program, port = Program(folder), free_port()
    with ExitStack() as stack:
        push, sms = stack.enter_context(push_service()), stack.enter_context(gateway())
        peer = stack.enter_context(zalo())
        program.variables = {
            "MQTT_PORT": str(port),
            "PUBLIC_URL": program.url,
            "EGRESS_ALLOW": "127.0.0.0/8",
            "PUSH_HOSTS": f"127.0.0.1:{push.port}",
        }
        channels = {
            "sms": {**MAPPING, "url": sms.url},
            "zalo": {
                "app_id": APP,
                "app_secret": APP_SECRET,
                "oa_secret": OA_SECRET,
                "refresh_token": peer.refresh,
                "message_url": peer.url("/message"),
                "token_url": peer.url("/token"),
            },
            "siren": {"command": "warn", "seconds": "60"},
        }
        lay_out(program, "hue")
        made = centre.arrange(program, channels, PEOPLE, SIRENS)
        stack.callback(program.end)
        program.start()
        sounding = [
            stack.enter_context(siren(port, one.code, one.code, made.tokens[one.code])) for one in SIRENS
        ]
        found = Town(program, port, made, push, sms, peer, sounding)
        sms.tell = receipts(found)
        yield found


def everyone(times: int) -> dict[str, Counter[str]]:
    """Who is to have how many messages by channel: nobody of the commune that is not concerned."""
    return {
        "push": Counter({f"/ok/{KIM_LONG}": times}),
        "sms": Counter({ANSWERS: times, SILENT: times}),
        "zalo": Counter({FOLLOWER: times}),
        "siren": Counter({"loa-kim-long": times}),
    }


def whom(town: Town) -> dict[str, Counter[str]]:
    """By channel whom how many different messages reached."""
    return {name: Counter(one for one, _key in copies) for name, copies in town.reached().items()}


def check_each_once(town: Town, times: int) -> None:
    """Everybody has so many messages, each of them once by its key, and nobody else has one."""
    assert wait(lambda: whom(town) == everyone(times), SOON), whom(town)
    assert {n for copies in town.reached().values() for n in copies.values()} == {1}
    assert town.push.faults == []
