"""Asking the façade as a client does."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.test import Client

ROOT = "/sta/v1.1"


class Service:
    """The façade as one caller meets it; ``get`` wants an answer, ``status`` any."""

    def __init__(self, client: Client, secret: str = "") -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def response(self, address: str, **options: Any) -> Any:
        """The response to GET; options are named without their dollar sign."""
        path = (
            address.removeprefix("http://testserver") if address.startswith("http") else f"{ROOT}/{address}"
        )
        query = "&".join(f"${name}={quote(str(value), safe='')}" for name, value in options.items())
        return self._client.get(f"{path}?{query}" if query else path, headers=self._headers)

    def status(self, address: str, **options: Any) -> int:
        """The status alone."""
        code: int = self.response(address, **options).status_code
        return code

    def get(self, address: str, **options: Any) -> Any:
        """The JSON of a good answer."""
        found = self.response(address, **options)
        assert found.status_code == 200, (address, options, found.content.decode())
        return found.json()

    def values(self, address: str, **options: Any) -> list[dict[str, Any]]:
        """The entities of a page."""
        values: list[dict[str, Any]] = self.get(address, **options)["value"]
        return values

    def names(self, address: str, **options: Any) -> list[str]:
        """Their names."""
        return [one["name"] for one in self.values(address, **options)]

    def all(self, address: str, **options: Any) -> list[dict[str, Any]]:
        """The entities of every page."""
        page = self.get(address, **options)
        found: list[dict[str, Any]] = page["value"]
        while "@iot.nextLink" in page:
            page = self.get(page["@iot.nextLink"])
            found += page["value"]
        return found
