"""A gateway that is asked over HTTP, as its mapping says: what `sms` and `voice` have in common."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.utils.translation import gettext as _

from toancanh.kernel.notify.breaker import ENOUGH
from toancanh.kernel.notify.channels import (
    Aside,
    Hook,
    NotReady,
    Outcome,
    Parcel,
    Receipt,
    Reply,
    failed,
    later,
    mapping,
)
from toancanh.kernel.notify.channels.pushing import seconds
from toancanh.kernel.runtime import clock, egress
from toancanh.kernel.runtime.egress import Fetched, Stopped
from toancanh.kernel.runtime.posting import Posted, Poster
from toancanh.lib.errors import NotAllowed, Refused

HOLES = ("phone", "phone84", "phone0", "text", "id", "peer_id", "sender", "user", "secret")
AT_ONCE = 8
LONGEST = 45.0
"""Seconds for which a slice is worked on: what is left then waits for the next."""
SECONDS = 15.0


class Gateway:
    """Hands texts to a gateway and reads what it answers."""

    def __init__(self, values: Mapping[str, str]) -> None:
        if not values.get("url"):
            raise NotReady(_("The address of the gateway is missing."))
        self._values = values
        self._poster = Poster(egress.door(), most=AT_ONCE, seconds=SECONDS)
        self._pace = 1.0 / max(1, int(values.get("per_second") or 20))
        self._next = 0.0

    def text(self, parcel: Parcel) -> str:
        """What is said to this recipient."""
        raise NotImplementedError

    async def hand(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome]:
        """Hand them over at the pace that the gateway allows."""
        outcomes = [later("busy", tried=False)] * len(parcels)
        until = time.monotonic() + LONGEST
        waiting = iter(range(len(parcels)))
        slow: list[int] = []
        down: list[Outcome] = []

        async def work() -> None:
            for n in waiting:
                if down:
                    outcomes[n] = later(down[0].reason, down[0].said, whole=True, tried=False)
                    continue
                if not await self._turn(until):
                    continue
                found = outcomes[n] = await self._one(parcels[n])
                if found.reason in ("too_slow", "unreachable", "broken"):
                    slow.append(n)
                elif found.state != "waiting":
                    slow.clear()
                if len(slow) >= ENOUGH or found.whole:
                    down.append(found)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        if down:
            # One answer as a whole, so that the channel rests, whichever copy met it.
            n = next(n for n, one in enumerate(outcomes) if one.state == "waiting")
            first = outcomes[n]
            outcomes[n] = later(down[0].reason, down[0].said, down[0].wait, whole=True, tried=first.tried)
        return outcomes

    async def _turn(self, until: float) -> bool:
        """Wait for one's turn; false where the slice's time is over before."""
        now = time.monotonic()
        mine = max(self._next, now)
        if mine > until:
            return False
        self._next = mine + self._pace
        await asyncio.sleep(mine - now)
        return True

    async def _one(self, parcel: Parcel) -> Outcome:
        words = self._words(parcel)
        how = self._values.get("format") or "json"
        template = self._values.get("body", "")
        try:
            asked = Posted(
                url=mapping.filled(self._values["url"], words, "url"),
                method=self._values.get("method") or "POST",
                headers={
                    "Content-Type": f"{mapping.FORMATS[how]}; charset=utf-8",
                    **mapping.headers(self._values.get("headers", ""), words),
                },
                body=mapping.filled(template, words, how).encode(),
            )
            answer = await self._poster.send(asked)
        except Stopped as fault:
            return stopped(fault)
        return self._judged(answer)

    def _words(self, parcel: Parcel) -> dict[str, str]:
        number = parcel.address.removeprefix("+")
        return {
            "phone": parcel.address,
            "phone84": number,
            "phone0": f"0{number[2:]}" if number.startswith("84") else number,
            "text": self.text(parcel),
            "id": parcel.reference,
            "peer_id": parcel.peer_id,
            "sender": self._values.get("sender", ""),
            "user": self._values.get("user", ""),
            "secret": self._values.get("secret", ""),
        }

    def _judged(self, answer: Fetched) -> Outcome:
        """What an answer means: by its status, then by the words that the mapping names."""
        tree = mapping.read(answer.body, answer.content_type)
        told = mapping.at(tree, self._values["error_path"]) if self._values.get("error_path") else ""
        said = f"HTTP {answer.status} {told}".strip()
        trouble = of_status(answer, said)
        if trouble is not None:
            return trouble
        path = self._values.get("ok_path", "")
        if path:
            word = mapping.at(tree, path)
            if word.casefold() not in mapping.words(self._values.get("ok_words", "")):
                said = f"{word} {told}".strip()
                if word.casefold() in mapping.words(self._values.get("final_words", "")):
                    return failed("refused", said)
                return later("refused" if word else "bad_answer", said)
        elif not 200 <= answer.status < 300:
            return failed("refused", said)
        peer_id = mapping.at(tree, self._values["id_path"]) if self._values.get("id_path") else ""
        return Outcome(state="handed", peer_id=peer_id[:100])

    async def ask(self, parcels: Sequence[Parcel], aside: Aside) -> list[Outcome | None]:
        """Ask what became of them, one by one."""
        found: list[Outcome | None] = [None] * len(parcels)
        url = self._values.get("poll_url", "")
        for n, parcel in enumerate(parcels):
            words = self._words(parcel)
            asked = Posted(
                url=mapping.filled(url, words, "url"),
                method="GET",
                headers=mapping.headers(self._values.get("headers", ""), words),
            )
            try:
                answer = await self._poster.send(asked)
            except Stopped:
                break  # asked again when all are asked again
            if answer.status == 200:
                word = mapping.at(mapping.read(answer.body), self._values.get("poll_path", ""))
                state = meant(self._values, word)
                if state is not None:
                    found[n] = Outcome(state=state, said=word)
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def stopped(fault: Stopped) -> Outcome:
    """What it means that no answer came."""
    if fault.code in ("too_slow", "broken_off"):
        return later("too_slow", fault.message)
    if fault.code in ("bad_url", "bad_scheme", "userinfo", "bad_header"):
        return later("bad_answer", fault.message, whole=True)
    return later("denied" if fault.code == "denied" else "unreachable", fault.message, whole=True)


def of_status(answer: Fetched, said: str) -> Outcome | None:
    """What a status means whatever else the answer says; None where that decides."""
    wait = seconds(answer.retry_after, clock.now().timestamp())
    if answer.status == 429:
        return later("busy", said, wait, whole=True)
    if answer.status in (401, 403, 407):
        return later("forbidden", said, whole=True)
    if answer.status >= 500:
        return later("broken", said, wait, whole=bool(wait))
    if answer.status in (301, 302, 303, 307, 308, 404, 405):
        return later("bad_answer", said, whole=True)
    return None


def meant(values: Mapping[str, str], word: str) -> Literal["received", "failed"] | None:
    """``received`` or ``failed``; None where the word says neither."""
    if word.casefold() in mapping.words(values.get("received_words", "")):
        return "received"
    return "failed" if word.casefold() in mapping.words(values.get("failed_words", "")) else None


def every(values: Mapping[str, str]) -> int:
    """Seconds between two questions for receipts."""
    return max(10, int(values.get("poll_every") or 60)) if values.get("poll_url") else 0


def told(values: Mapping[str, str], hook: Hook) -> list[Any]:
    """What a call of the gateway's tells, one by one; raises NotAllowed for who does not know the secret."""
    if not hmac.compare_digest(hook.secret.encode(), values.get("hook_secret", "").encode()):
        raise NotAllowed(_("This address is known to the gateway alone."))
    tree: Any = mapping.read(hook.body, hook.content_type) if hook.body else dict(hook.query)
    return tree if isinstance(tree, list) else [tree]


def receipts(values: Mapping[str, str], hook: Hook) -> list[Receipt]:
    """Receipts of a call of the gateway's."""
    found = []
    for one in told(values, hook):
        word = mapping.at(one, values.get("hook_path", ""))
        code = mapping.at(one, values.get("hook_id_path", ""))
        state = meant(values, word)
        if code and state is not None:
            is_ours = values.get("hook_id") != "theirs"
            found.append(
                Receipt(
                    reference=code if is_ours else "", peer_id="" if is_ours else code, state=state, said=word
                )
            )
    return found


def replies(values: Mapping[str, str], hook: Hook) -> list[Reply]:
    """Answers that people sent back; none where nobody said where a call tells them."""
    paths = {"number": "reply_number_path", "text": "reply_text_path", "peer_id": "reply_id_path"}
    found = []
    for one in told(values, hook):
        said = {name: mapping.at(one, values[path]) for name, path in paths.items() if values.get(path)}
        if said.get("number") and said.get("text"):
            found.append(Reply(**said))
    return found


def check(values: Mapping[str, str]) -> dict[str, str]:
    """Raise Refused for a mapping that cannot work; the secret of the callback is made once."""
    how = values.get("format") or "json"
    for name, kind in (("url", "url"), ("poll_url", "url"), ("body", how)):
        mapping.check(values.get(name, ""), HOLES, kind)
    for name in ("url", "poll_url"):
        if values.get(name):
            egress.parsed(mapping.HOLE.sub("x", values[name]))
    mapping.headers(values.get("headers", ""), dict.fromkeys(HOLES, "x"))
    if values.get("url") and "{text}" not in values["url"] + values.get("body", ""):
        raise Refused(_("The text is sent nowhere: put {text} into the body or the address."), "no_text")
    if values.get("url") and not any(
        f"{{{hole}}}" in values["url"] + values.get("body", "") for hole in HOLES[:3]
    ):
        raise Refused(_("The number is sent nowhere: put {phone} into the body or the address."), "no_phone")
    from secrets import token_urlsafe

    return {**values, "hook_secret": values.get("hook_secret") or token_urlsafe(24)}
