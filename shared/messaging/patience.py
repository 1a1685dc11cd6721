"""Waiting with a limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

RETRY_SECONDS_FIRST = 0.05
RETRY_SECONDS_MAX = 2.0


async def wait_at_most(seconds: float, event: asyncio.Event) -> None:
    """Wait for an event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


@dataclass(slots=True)
class Patience:
    """How long to wait before the next try: twice as long each time, up to a limit."""

    next_seconds: float = RETRY_SECONDS_FIRST

    def lose(self) -> float:
        """The seconds to wait now."""
        seconds = self.next_seconds
        self.next_seconds = min(2 * seconds, RETRY_SECONDS_MAX)
        return seconds
