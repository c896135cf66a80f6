"""The MQTT door of this process, for its pages and figures; None in a process that has none."""

from __future__ import annotations

from toancanh.kernel.telemetry.mqtt.door import MqttDoor

door: MqttDoor | None = None
