"""A living day of the demo city: while it runs, a few reports a day come in by the public Open311 door.

They are sent as an app of the city would, over HTTP with a key of their own, about half of them with a photo
that is drawn here, at hours that follow from the date alone. Each is marked as a sample once it is kept.
"""

from __future__ import annotations

import http.client
import io
import json
import logging
import random
import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit

from django.conf import settings

from toancanh.domains.reports.models import Sending
from toancanh.kernel.cases.models import Case
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Purpose, Token
from toancanh.kernel.runtime import clock
from toancanh.site import demo, demo_work
from toancanh.site.demo_words import REPORTS

log = logging.getLogger(__name__)

NAME = "ứng dụng phản ánh (demo)"
A_DAY = 6
FIRST, LAST = time(6, 30), time(20, 30)
EVERY = 60.0
BACK = timedelta(minutes=30)
"""What was due longer ago, while the program stood still, is not made up for."""
WAITING = 12
"""While so many of them wait for reception, none are added: nobody is there to work on them."""
TIMEOUT_S = 30.0
SIZE = (800, 600)


class Day:
    """Sends what is due to the door at that address."""

    def __init__(self, url: str) -> None:
        self._door = urlsplit(url)
        self._key = ""
        self._done: set[str] = set()

    def look(self) -> int:
        """Send at most one report; never asks to be called again at once."""
        if settings.DEMO and demo.is_on():
            now = clock.now()
            for key, at in moments(now.astimezone(clock.VIETNAM).date()):
                if now - BACK < at <= now and key not in self._done:
                    self._send(key)
                    break
        return 0

    def _send(self, key: str) -> None:
        if not _has_room():
            self._done.add(key)
            return
        self._key = self._key or fresh_key()
        fields, photo = report(key)
        body, kind = packed({**fields, "api_key": self._key}, photo)
        status, answer = self._post(body, {"Content-Type": kind, "Idempotency-Key": key})
        if status < 500 and status != 429:
            self._done.add(key)
        if status in (200, 201):
            mark(json.loads(answer)[0]["service_request_id"])
        else:
            log.info("the demo's report %s was answered with %d", key, status)

    def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._door.hostname or "", self._door.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", "/open311/v2/requests.json", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def moments(day: date) -> list[tuple[str, datetime]]:
    """Keys of the day's reports and when each is sent; the same however often it is asked."""
    chance = random.Random(f"day:{day}")
    first = datetime.combine(day, FIRST, clock.VIETNAM)
    span = datetime.combine(day, LAST, clock.VIETNAM) - first
    found = sorted(first + span * chance.random() for _number in range(A_DAY))
    return [(f"demo-day-{day}-{number}", at) for number, at in enumerate(found)]


def report(key: str) -> tuple[dict[str, str], bytes]:
    """What the report of a key says, and its photo, empty for about half of them."""
    chance = random.Random(key)
    problem, place = chance.choice(REPORTS), chance.choice(demo_work.places())
    fields = {
        "service_code": problem.category,
        "description": problem.words,
        "address_string": problem.address,
        "long": f"{place.lon + chance.uniform(-0.004, 0.004):.6f}",
        "lat": f"{place.lat + chance.uniform(-0.004, 0.004):.6f}",
    }
    return fields, drawn(chance) if chance.random() < 0.5 else b""


def drawn(chance: random.Random) -> bytes:
    """A street with something dark in it, and a word that says that it is no photo."""
    from PIL import Image, ImageDraw, ImageFont  # slow import

    wide, high = SIZE
    picture = Image.new("RGB", SIZE, (150 + chance.randrange(60), 190, 215))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, high // 2, wide, high), fill=(96, 130, 84))
    draw.polygon(
        [(wide * 0.4, high // 2), (wide * 0.6, high // 2), (wide, high), (0, high)], fill=(105, 105, 108)
    )
    for number in range(4):
        top = high // 2 + 20 + number * 70
        draw.rectangle(
            (wide // 2 - 4 - number * 2, top, wide // 2 + 4 + number * 2, top + 34), fill=(235, 235, 225)
        )
    for _number in range(chance.randrange(1, 4)):
        x, y = chance.randrange(240, 560), chance.randrange(400, 540)
        across = chance.randrange(40, 110)
        draw.ellipse((x - across, y - across // 3, x + across, y + across // 3), fill=(48, 44, 42))
    draw.text((24, 20), "DEMO", fill=(255, 255, 255), font=ImageFont.load_default(44))
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=80)
    return made.getvalue()


def packed(fields: Mapping[str, str], photo: bytes) -> tuple[bytes, str]:
    """A form with a file, and its content type."""
    border = uuid.uuid4().hex
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    if photo:
        head = 'Content-Disposition: form-data; name="media"; filename="demo.jpg"\r\nContent-Type: image/jpeg'
        parts.append(f"--{border}\r\n{head}\r\n\r\n".encode() + photo + b"\r\n")
    return b"".join(parts) + f"--{border}--\r\n".encode(), f"multipart/form-data; boundary={border}"


def fresh_key() -> str:
    """A key for this run; that of the run before ends."""
    if Token.objects.filter(name=NAME, revoked_at=None).exists():
        return people.renew_token(NAME, by=demo.BY).secret
    return people.create_token(NAME, by=demo.BY, purpose=Purpose.REPORTS).secret


def mark(code: str) -> None:
    """Say of a report of ours that it is a sample."""
    Case.objects.filter(code=code).update(is_sample=True)


def _has_room() -> bool:
    waiting = Sending.objects.filter(client=NAME, case__state="received", case__is_open=True)
    return waiting.count() < WAITING
