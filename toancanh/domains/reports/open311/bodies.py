"""What a program sends, whatever way it packs it: a form, a form with files, or JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused

ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,60})\](?:\[\])?")
SECRET = "api_key"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "")


@dataclass(frozen=True)
class Body:
    """What was said by field, of attributes by their codes, and the files that came along."""

    said: dict[str, str]
    attributes: dict[str, list[str]] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    """Of photos that lie elsewhere."""
    files: tuple[tuple[str, bytes], ...] = ()
    """Names and contents."""

    def get(self, name: str) -> str:
        """What was said; empty where nothing was, which the specification takes for the same."""
        return self.said.get(name, "")

    def digest(self) -> str:
        """By which the same sending is known again; the key by which it came is not in it."""
        content = {
            "said": {name: text for name, text in self.said.items() if name != SECRET},
            "attributes": self.attributes,
            "urls": self.urls,
            "files": [hashlib.sha256(whole).hexdigest() for _name, whole in self.files],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read(request: HttpRequest) -> Body:
    """The body. Raises Refused, and what Django raises of forms that are none."""
    kind = (request.content_type or "").lower()
    if kind == "application/json":
        return _body(_pairs(request.body))
    if kind not in FORMS:
        text = _("Send a form: application/x-www-form-urlencoded, or multipart/form-data with photos.")
        raise Refused(text, "bad_type")
    pairs = [(name, text) for name, texts in request.POST.lists() for text in texts]
    uploads = [file for name in request.FILES for file in request.FILES.getlist(name)]
    return _body(pairs, tuple((file.name or "", file.read()) for file in uploads))


def _pairs(body: bytes) -> Iterable[tuple[str, str]]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Refused(_("The body is no JSON."), "bad_json") from fault
    if not isinstance(said, dict):
        raise Refused(_("Send one object with the fields of the report."), "bad_json")
    for name, value in said.items():
        if name == "attribute" and isinstance(value, dict):
            for code, own in value.items():
                yield from ((f"attribute[{code}]", text) for text in _texts(code, own))
        else:
            yield from ((name, text) for text in _texts(name, value))


def _texts(name: str, value: Any) -> Iterable[str]:  # noqa: ANN401 - whatever JSON holds
    for one in value if isinstance(value, list) else [value]:
        if one is None:
            continue
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            told = _("%(name)s must be a text or a number.")
            raise Refused(told % {"name": str(name)[:60]}, "bad_json")
        yield str(one)


def _body(pairs: Iterable[tuple[str, str]], files: tuple[tuple[str, bytes], ...] = ()) -> Body:
    said: dict[str, str] = {}
    attributes: dict[str, list[str]] = {}
    urls: list[str] = []
    for name, text in pairs:
        found = ATTRIBUTE.fullmatch(name)
        if not text.strip():
            continue
        if found is not None:
            attributes.setdefault(found[1], []).append(text)
        elif name in ("media_url", "media_url[]"):
            urls.append(text.strip())
        else:
            said[name] = text
    return Body(said, attributes, tuple(dict.fromkeys(urls)), files)
