"""The line for SensorThings on the card of a device does what it says."""

from __future__ import annotations

import re
import shlex
from html import unescape

import pytest
from django.test import Client

from tests.city import BY, City, person
from toancanh.kernel.people import actions as people
from toancanh.kernel.telemetry.devices.lines import Sender, Topic, examples
from toancanh.kernel.telemetry.devices.reach import Reach


@pytest.mark.slow
def test_line_on_the_card_sends_an_observation(city: City) -> None:
    keeper, gauge = Client(), Client()
    keeper.force_login(person("quan", rights=people.ADMINISTRATOR))
    made = people.create_token("gauge", by=BY, things=["gauge"])
    page = keeper.get("/console/devices/gauge/", headers={"Host": "localhost"}).content.decode()
    found = re.search(r'<code id="line-sensorthings">([^<]+)</code>', page)
    assert found is not None
    words = shlex.split(unescape(found[1]))
    path = words[words.index("-sS") + 1].removeprefix("http://localhost")
    headers = {"Authorization": f"Bearer {made.secret}"}
    answer = gauge.post(path, words[words.index("-d") + 1], "application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    assert gauge.get(path, headers=headers).json()["value"][0]["@iot.id"] == answer.json()["@iot.id"]


def test_card_without_a_real_series_shows_no_such_line() -> None:
    reach = Reach(base="http://x", host="x", mqtt_port=0, is_encrypted=False, is_deaf=False)
    to = Sender(reach=reach, name="a", secret="b", topics=[Topic(thing="MÃ", series="ĐẠI-LƯỢNG")])
    assert "sensorthings" not in [one.key for one in examples(to)]
