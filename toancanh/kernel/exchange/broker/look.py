"""One look at the broker from outside: can we sign in, hear and tell? For `doctor` and whoever sets it up."""

from __future__ import annotations

import asyncio
import secrets

from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.link import Link, Message
from toancanh.kernel.exchange.broker.troubles import HUNG_UP, Trouble, words


def look(address: Address) -> str:
    """What is wrong, as a sentence; empty where all is well. Takes nothing from anybody."""
    client = f"toancanh-look-{secrets.token_hex(3)}"
    trouble = asyncio.run(_look(address, client))
    if trouble is None:
        return ""
    user = address.user or "-"
    return words(trouble.code, trouble.said, address=str(address), user=user, client=client)


async def _look(address: Address, client: str) -> Trouble | None:
    for level in (5, 4):
        link = Link(address, client, _refuse, level=level, is_fresh=True)
        try:
            await link.open()
            return None if await link.prove() else Trouble("acl")
        except Trouble as trouble:
            if trouble.code != HUNG_UP or level == 4:
                return trouble
        finally:
            await link.close()
    return None


async def _refuse(message: Message) -> bool:
    return False
