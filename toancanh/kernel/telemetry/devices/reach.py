"""Where devices reach this installation: what an installer types into a gauge, a gateway or a program."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

AT_HOME = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The addresses of the doors, under the name by which the reader has reached this page."""

    base: str
    host: str
    mqtt_port: int
    """0 where the MQTT door is closed."""
    is_encrypted: bool
    is_deaf: bool
    """The MQTT door hears only programs on its own machine, and the reader is on another one."""

    @property
    def observations(self) -> str:
        """Where readings are posted."""
        return f"{self.base}/api/v1/observations"


def of(request: HttpRequest) -> Reach:
    """The addresses as a device would use them that reaches this program as the reader does."""
    domain, _port = split_domain_port(request.get_host())
    host, mqtt = domain.strip("[]") or "localhost", settings.MQTT
    return Reach(
        base=request.build_absolute_uri("/").rstrip("/"),
        host=host,
        mqtt_port=mqtt.port if mqtt else 0,
        is_encrypted=bool(mqtt and mqtt.certificate),
        is_deaf=bool(mqtt and mqtt.host in AT_HOME and host not in AT_HOME),
    )
