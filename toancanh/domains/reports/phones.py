"""Codes sent to telephones: who types one back holds the number. Few are sent, fewer may be guessed at."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from toancanh.domains.reports.models import PhoneCode
from toancanh.kernel.declare import Title, program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.notify import actions as notify
from toancanh.kernel.notify.messages import Message, Recipient, Urgency
from toancanh.kernel.runtime import clock, rates
from toancanh.kernel.territory.queries import today
from toancanh.lib import phones
from toancanh.lib.errors import Refused

LASTS = timedelta(minutes=10)
HOUR = timedelta(hours=1)
TRIES = 5
A_NUMBER = 3
"""Codes for one number within an hour …"""
ALL_TOGETHER = 1_000
"""… and for all numbers: each costs the locality money."""
PROOF_SECONDS = 24 * 3600
"""A report that was written without a network is sent within a day."""
SALT = "reports.phone"
BY = program("reports")

asked_rate = rates.buckets(a_minute=0.2, burst=5)
"""Codes that one device asks for …"""
address_rate = rates.buckets(a_minute=4, burst=240)
"""… and all behind one address: whoever throws his token away is a new device, behind the same address."""


def read(typed: str) -> str:
    """The mobile number as machines dial it. Raises Refused."""
    try:
        found = phones.read(typed[:40], today())
    except phones.BadPhone as fault:
        raise Refused(_("This is no telephone number: write it as 0914 123 456."), "bad_phone") from fault
    if found.kind != "mobile":
        raise Refused(_("Codes and answers go to mobile numbers alone."), "bad_phone")
    return found.e164


def ask(typed: str, *, device: str, address: str = "") -> None:
    """Send a code to the number, where both the device and the address may ask for one."""
    number = read(typed)
    wait = address_rate.wait(address) or asked_rate.take(device)
    if wait:
        told = _("Too many codes were asked for. Ask again in %(minutes)s minutes.")
        raise Refused(told % {"minutes": int(wait / 60) + 1}, "too_often")
    address_rate.take(address)
    with transaction.atomic():
        since = clock.now() - HOUR
        contact = hashed(number)
        recent = PhoneCode.objects.filter(at__gt=since)
        if recent.filter(contact=contact).count() >= A_NUMBER or recent.count() >= ALL_TOGETHER:
            text = _("Too many codes were sent. Ask again in an hour.")
            raise Refused(text, "too_often")
        code = f"{secrets.randbelow(1_000_000):06}"
        row = PhoneCode.objects.create(
            contact=contact, digest=hashed(code), at=clock.now(), expires_at=clock.now() + LASTS
        )
        _send(row, number, code)
        journal.record("reports.code_sent", f"phone_code:{row.pk}", by=BY, content={})
    PhoneCode.objects.filter(at__lt=clock.now() - timedelta(days=2)).delete()


def _send(row: PhoneCode, number: str, code: str) -> None:
    message = Message(
        key=f"reports.code:{row.pk}:{row.digest[:12]}",
        kind="reports.code",
        subject=f"reports.code:{row.pk}",
        title=Title("Mã gửi phản ánh", "Code for your report"),
        body=Title(
            f"{code} là mã xác nhận gửi phản ánh, dùng trong 10 phút. Không đưa mã cho ai.",
            f"{code} is the code for sending your report, good for 10 minutes. Give it to nobody.",
        ),
        expires=row.expires_at,
        urgency=Urgency.HIGH,
    )
    notify.send(message, [Recipient(f"phone:{row.contact[:32]}", "sms", number)], by=BY)


def show(typed: str, code: str) -> str:
    """What shows from now on that the number is his who typed the code. Raises Refused."""
    number = read(typed)
    with transaction.atomic():
        open_ones = PhoneCode.objects.filter(contact=hashed(number), used_at=None, expires_at__gt=clock.now())
        row = open_ones.select_for_update().order_by("-pk").first()
        is_right = False
        if row is not None and row.tries < TRIES:
            row.tries += 1
            is_right = constant_time_compare(row.digest, hashed(code.strip()[:12]))
            row.used_at = clock.now() if is_right else None
            row.save(update_fields=["tries", "used_at"])
    if row is None or not is_right:
        left = TRIES - row.tries if row is not None else 0
        text = _("The code is wrong; %(left)s tries are left.") if left > 0 else _("Ask for a new code.")
        raise Refused(text % {"left": left} if left > 0 else text, "bad_code")
    return signing.dumps(number, salt=SALT)


def shown(proof: str) -> str:
    """The number that was shown to be his; empty where nothing was."""
    try:
        found = signing.loads(proof, salt=SALT, max_age=PROOF_SECONDS)
    except signing.BadSignature:
        return ""
    return found if isinstance(found, str) else ""


def hashed(text: str) -> str:
    """Keyed: of what is so short nobody finds the original by trying, who has the database alone."""
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()
