"""Waiting for what is to come about, for as long as it may take and no longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

WAIT_SECONDS_MAX = 30.0


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, what: str
) -> None:
    """Wait until the condition holds; fail, saying what did not come about, when it never does."""
    give_up_at = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        holds = condition()
        if holds if isinstance(holds, bool) else await holds:
            return
        assert time.monotonic() < give_up_at, f"waited {WAIT_SECONDS_MAX} s in vain until {what}"
        await asyncio.sleep(0.02)
