"""Letting callers in, by a password or an API key."""

import asyncio

from services.accounts import Accounts, SignedIn
from services.gateway.problems import NotDone, Problem
from shared import clock

AT_ONCE = 2
"""Passwords that are compared at once: each takes a processor, and 64 MiB."""
WAITING = 16
"""Callers with a password that are let in or wait; who comes then is told to come again."""
_BUSY = Problem(
    status=429,
    code="busy",
    detail="too many callers sign in by a password",
    hint="try again, or sign in by an API key: guestlist api-key add ACCOUNT",
)


class Door:
    """Who guesses passwords keeps no caller with a key from coming in, and the gateway at work."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._comparing = asyncio.Semaphore(AT_ONCE)
        self._callers = 0

    async def by_password(self, name: str, password: str) -> SignedIn | None:
        """Who signs in so; raises NotDone while too many do for the first time, or wrongly."""
        before = await asyncio.to_thread(self._accounts.again, name, password)
        if before is not None:
            return before
        if self._callers >= WAITING:
            raise NotDone(_BUSY)
        self._callers += 1
        try:
            async with self._comparing:
                return await asyncio.to_thread(self._accounts.by_password, name, password)
        finally:
            self._callers -= 1

    async def by_key(self, text: str) -> SignedIn | None:
        """Who signs in so."""
        return await asyncio.to_thread(self._accounts.by_key, text, clock.now())
