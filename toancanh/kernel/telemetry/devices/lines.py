"""What an installer copies: settings and lines for the usual devices and programs, true for this token."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent

from django.conf import settings as django
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from toancanh.kernel.telemetry.devices.reach import Reach

MOST = 6
"""Quantities shown in one example; more would hide the line."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One quantity that the token may send."""

    thing: str
    series: str
    value: float = 0.0
    """What the examples send: plausible, and below every alarm level."""
    number: int | None = None
    """Of the series; None where the example names no real one."""

    @property
    def path(self) -> str:
        """The MQTT topic."""
        return f"toancanh/{self.thing}/{self.series}"

    @property
    def text(self) -> str:
        """The value as a payload."""
        return f"{self.value:g}"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends, where to, and what."""

    reach: Reach
    name: str
    secret: str
    topics: Sequence[Topic]

    @property
    def first(self) -> Topic:
        """The quantity that single examples show."""
        return self.topics[0]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One way to send, ready to be copied."""

    key: str
    title: str
    text: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One field that a device's own setup page asks for."""

    title: str
    value: str


def quoted(text: str) -> str:
    """A text between double quotes, as YAML, C and JavaScript all read it."""
    return json.dumps(text, ensure_ascii=False)


def harmless(low: float, high: float) -> float:
    """A value for trying out: nothing where the range has it, else the range's low end."""
    return 0.0 if low <= 0 <= high else low


def settings(to: Sender) -> list[Setting]:
    """The fields of a device's MQTT page, one by one."""
    if not to.reach.mqtt_port:
        return []
    rows = [
        Setting(title=_("Broker address (host)"), value=to.reach.host),
        Setting(title=_("Port"), value=str(to.reach.mqtt_port)),
        Setting(title=_("User name"), value=to.name),
        Setting(title=_("Password"), value=to.secret),
    ]
    rows += [Setting(title=_("Topic"), value=topic.path) for topic in to.topics[:MOST]]
    rows += [
        Setting(title="QoS", value="1"),
        Setting(title=_("Payload"), value=to.first.text),
    ]
    return rows


def examples(to: Sender) -> list[Example]:
    """Every way to send that is exact for this installation."""
    over_mqtt = [mosquitto(to), mosquitto_old(to), paho(to), esphome(to), arduino(to), node_red(to)]
    others = [made for name in django.WAYS_TO_SEND if (made := import_string(name)(to)) is not None]
    return [*(over_mqtt if to.reach.mqtt_port else []), curl(to), tasmota(to), *others]


def mosquitto(to: Sender) -> Example:
    """MQTT 5 from a shell: the answer says whether the reading was taken."""
    return Example(
        key="mosquitto",
        title="mosquitto_pub (MQTT 5)",
        text="\n".join(_published(to, topic, "mqttv5") for topic in to.topics[:MOST]),
        note=_("Sends a number; its time is that of arrival. The line ends without a word when it is kept."),
    )


def mosquitto_old(to: Sender) -> Example:
    """MQTT 3.1.1 with a time of its own, as gateways send what they had stored."""
    return Example(
        key="mosquitto311",
        title="mosquitto_pub (MQTT 3.1.1)",
        text=_published(to, to.first, "mqttv311", timed=True),
        note=_("Sends the time of measurement along, as a device does that stores while the line is down."),
    )


def _published(to: Sender, topic: Topic, version: str, *, timed: bool = False) -> str:
    reach = to.reach
    tls = " --tls-use-os-certs" if reach.is_encrypted else ""
    # The shell puts the time in, so this payload stands between double quotes.
    body = rf'"{{\"time\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",\"value\":{topic.text}}}"'
    return (
        f"mosquitto_pub -V {version} -h {shlex.quote(reach.host)} -p {reach.mqtt_port}{tls}"
        f" -u {shlex.quote(to.name)} -P {shlex.quote(to.secret)} -q 1"
        f" -t {shlex.quote(topic.path)} -m {body if timed else topic.text}"
    )


def curl(to: Sender) -> Example:
    """HTTP from a shell, many rows in one request."""
    rows = ",".join(
        f'{{"thing":"{topic.thing}","series":"{topic.series}","time":"\'$NOW\'","value":{topic.text}}}'
        for topic in to.topics[:MOST]
    )
    return Example(
        key="curl",
        title="curl (HTTP)",
        text=(
            "NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)\n"
            f"curl -sS {shlex.quote(to.reach.observations)}"
            f" -H {shlex.quote(f'Authorization: Bearer {to.secret}')}"
            f" -H 'Content-Type: application/json' -d '[{rows}]'"
        ),
        note=_("The answer counts what was kept and says of every other row why not."),
    )


def paho(to: Sender) -> Example:
    """A program of one's own."""
    tls = "client.tls_set()\n" if to.reach.is_encrypted else ""
    head = dedent(
        f"""\
        import paho.mqtt.client as mqtt

        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.username_pw_set({to.name!r}, {to.secret!r})
        """
    )
    tail = dedent(
        f"""\
        client.connect({to.reach.host!r}, {to.reach.mqtt_port})
        client.loop_start()
        sent = client.publish({to.first.path!r}, {to.first.text!r}, qos=1)
        sent.wait_for_publish(10)
        print("kept" if sent.is_published() else "not confirmed: send it again")
        """
    )
    note = _("pip install paho-mqtt. The confirmation comes after the reading is on the disk.")
    return Example(key="paho", title="Python (paho)", text=f"{head}{tls}{tail}".rstrip(), note=note)


def esphome(to: Sender) -> Example:
    """ESPHome, told not to speak of topics that are not its own."""
    text = f"""\
        mqtt:
          broker: {quoted(to.reach.host)}
          port: {to.reach.mqtt_port}
          username: {quoted(to.name)}
          password: {quoted(to.secret)}
          discovery: false
          discover_ip: false
          log_topic:
          birth_message:
          will_message:
          shutdown_message:
        """
    sensor = f"""\
        # {_("in the sensor that measures:")}
            state_topic: {quoted(to.first.path)}
            qos: 1
            retain: false
        """
    note = _(
        "Everything that ESPHome says of its own accord is switched off:"
        " a device may use only its own topics."
    )
    return Example(key="esphome", title="ESPHome", text=(dedent(text) + dedent(sensor)).rstrip(), note=note)


def arduino(to: Sender) -> Example:
    """ESP32 and ESP8266 with the library most makers have."""
    signing = ", ".join(quoted(text) for text in (to.first.thing, to.name, to.secret))
    text = f"""\
        #include <WiFi.h>
        #include <PubSubClient.h>

        WiFiClient net;
        PubSubClient mqtt(net);

        void send(float value) {{
          mqtt.setServer({quoted(to.reach.host)}, {to.reach.mqtt_port});
          if (!mqtt.connected()) mqtt.connect({signing});
          mqtt.publish({quoted(to.first.path)}, String(value, 2).c_str());
        }}
        """
    note = _("This library sends with QoS 0, without confirmation: what is lost on the way stays lost.")
    return Example(key="arduino", title="ESP32 (PubSubClient)", text=dedent(text).rstrip(), note=note)


def node_red(to: Sender) -> Example:
    """Node-RED in front of whatever speaks another way: ChirpStack, Zigbee2MQTT, Modbus."""
    text = f"""\
        msg.topic = {quoted(to.first.path)};
        msg.payload = String(msg.payload);
        msg.qos = 1;
        msg.retain = false;
        return msg;
        """
    note = _(
        "A function node before an “mqtt out” node with the settings above: for ChirpStack, Zigbee2MQTT,"
        " Modbus and whatever else has a form of its own. Put the measured number into msg.payload."
    )
    return Example(key="node-red", title="Node-RED", text=dedent(text).rstrip(), note=note)


def tasmota(to: Sender) -> Example:
    """Tasmota over HTTP: over MQTT it insists on topics of its own."""
    thing, series = to.first.thing, to.first.series
    body = f'[{{"thing":"{thing}","series":"{series}","time":"%timestamp%+07:00","value":%value%}}]'
    headers = f"[Content-Type: application/json|Authorization: Bearer {to.secret}]"
    text = (
        "Timezone 7\n"
        f"Rule1 ON Tele-DS18B20#Temperature DO WebQuery {to.reach.observations} POST {headers} {body} ENDON\n"
        "Rule1 1"
    )
    note = _(
        "Tasmota 10 or newer, in its console; put the name of your sensor in place of DS18B20#Temperature."
    )
    return Example(key="tasmota", title="Tasmota", text=text, note=note)


def for_phone(to: Sender) -> str:
    """What the QR code holds while the secret is shown: plain text that any phone can show and copy from."""
    rows = [f"{setting.title}: {setting.value}" for setting in settings(to)]
    return "\n".join([to.name, *rows, f"HTTP: {to.reach.observations}", f"{_('Access token')}: {to.secret}"])
