"""One look at the broker from outside: can we sign in, hear and tell? For `doctor` and whoever sets it up."""

from __future__ import annotations

import asyncio
import secrets

from toancanh.kernel.exchange.broker.address import Address
from toancanh.kernel.exchange.broker.link import Link, Message
from toancanh.kernel.exchange.broker.seats import filters
from toancanh.kernel.exchange.broker.troubles import HUNG_UP, Trouble, words
from toancanh.lib.trouble import Trouble as Told

PATIENCE = 3.0
"""Seconds for each answer: somebody waits in front of a screen."""


def look(address: Address) -> Told | None:
    """What is wrong; None where all is well. Takes nothing from anybody."""
    client = f"toancanh-look-{secrets.token_hex(3)}"
    trouble = asyncio.run(_look(address, client))
    if trouble is None:
        return None
    user = address.user or "-"
    what, mend = words(trouble.code, trouble.said, address=str(address), user=user, client=client)
    return Told(f"broker_{trouble.code}", True, what, mend)


async def _look(address: Address, client: str) -> Trouble | None:
    for level in (5, 4):
        link = Link(address, client, _refuse, level=level, is_fresh=True, patience=PATIENCE)
        try:
            await link.open()
            # Beside the shared group, never in it: there messages would be taken from who keeps them.
            await link.listen(filters(""))
            return None if await link.prove() else Trouble("acl")
        except Trouble as trouble:
            if trouble.code != HUNG_UP or level == 4:
                return trouble
        finally:
            await link.close()
    return None


async def _refuse(message: Message) -> bool:
    return False
