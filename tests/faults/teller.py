"""Tells people something in a store that a real worker works off, and counts what became of it.

`prepare PORT N`: a small city, Web Push and SMS set up for peers on this machine, N browsers that subscribed.
`send KEY`: a warning to all of them. `counts KEY`: what became of it, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

import django

SLICE = 2_000
BROWSER = 12345
"""The private key of every browser here."""


def prepare(port: str, many: str) -> None:
    """The store; the first line that is printed says how long the subscriptions took."""
    from tests.city import BY, City
    from toancanh.kernel.notify import setups
    from toancanh.kernel.territory.models import Unit

    if not Unit.objects.filter(code="90001").exists():
        City.build()
    setups.change("webpush", {"contact": "it@hue.gov.vn"}, is_on=True, by=BY)
    began = time.monotonic()
    subscribe(port, range(int(many)), "90001")
    print(time.monotonic() - began)


def subscribe(port: str, numbers: range, *codes: str) -> None:
    """Browsers behind the push service of that port, all with the keys of `BROWSER`, ask for these units."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from toancanh.kernel.notify.channels.encrypting import b64
    from toancanh.kernel.notify.models import Subscription, Wanted
    from toancanh.kernel.runtime import clock
    from toancanh.kernel.territory.models import Unit

    key = ec.derive_private_key(BROWSER, ec.SECP256R1()).public_key()
    p256dh, auth = b64(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)), b64(bytes(16))
    units, now = Unit.objects.filter(code__in=codes), clock.now()
    for first in range(numbers.start, numbers.stop, SLICE):
        rows = [
            Subscription(
                endpoint=f"http://127.0.0.1:{port}/ok/{n}",
                p256dh=p256dh,
                auth=auth,
                language="vi",
                created=now,
                changed_at=now,
            )
            for n in range(first, min(first + SLICE, numbers.stop))
        ]
        made = Subscription.objects.bulk_create(rows)
        Wanted.objects.bulk_create(Wanted(subscription=row, unit=unit) for row in made for unit in units)


def send(key: str) -> None:
    """A warning to everyone who asked for the commune."""
    from tests.city import BY
    from toancanh.kernel.declare import Title
    from toancanh.kernel.notify import actions, subscriptions
    from toancanh.kernel.notify.messages import Message, Named, Urgency
    from toancanh.kernel.runtime import clock

    said = "Nước sông Hương tại Kim Long trên báo động 3. Di chuyển đến nơi cao trước 20 giờ; " * 4
    message = Message(
        key=key,
        kind="warnings.message",
        subject=key,
        title=Title("Lũ trên sông Hương", "Flood on the Hương river"),
        body=Title(said, said),
        link="/warnings/1/",
        urgency=Urgency.HIGH,
        expires=clock.now() + timedelta(hours=2),
    )
    actions.send(message, Named(subscriptions.SOURCE, {"units": ["90001"]}), by=BY)


def counts(key: str) -> None:
    """What became of the copies, by the counts and by the rows."""
    from django.db.models import Count

    from toancanh.kernel.notify import queries
    from toancanh.kernel.notify.models import Delivery

    progress = queries.progress(key)
    rows = Delivery.objects.filter(notice__key=key).values_list("state").annotate(n=Count("pk"))
    told = {state: getattr(progress.total, state) for state in ("waiting", "handed", "received", "failed")}
    print(json.dumps({"spreading": progress.is_spreading, "told": told, "rows": dict(rows)}))


if __name__ == "__main__":
    django.setup()
    {"prepare": prepare, "send": send, "counts": counts}[sys.argv[1]](*sys.argv[2:])
