"""Rounds: every stored person once, in chunks, restartable, by any number of processes at once.

Each chunk is one transaction, in which stands how far the round is: a process that is killed leaves
its part to the others, or to its next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final, Literal

from services.bonus.handlers.assessing import assess_persons
from services.bonus.rules.editions import own_edition
from services.bonus.store import rounds
from services.bonus.store.facts import LockedPerson
from services.bonus.store.rounds import Progress
from shared.messaging.work import Work

Purpose = Literal["recompute", "replay"]
Look = Callable[[Work, Sequence[LockedPerson]], Awaitable[int]]
"""What a round does with the persons of a chunk, whose rows it holds; for how many it found
something."""
Begin = Callable[[], AbstractAsyncContextManager[Work]]

PARTS: Final = 16
"""A part for each first digit of a person's reference."""
CHUNK_PERSONS: Final = 500
WAIT_SECONDS: Final = 0.5
"""Between looks at a part that another process is at."""
LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


async def recompute(work: Work, locked: Sequence[LockedPerson]) -> int:
    """Assess the persons anew and do what follows, as the daily sweep does."""
    return await assess_persons(work, locked, {})


async def open_round(begin: Begin, purpose: Purpose, *, anew: bool = False) -> int:
    """The round under way, or a new one if there is none, if it began by other rules, or `anew`."""
    while True:
        async with begin() as work:
            found = await rounds.find_open_round(work.connection, purpose)
            edition = own_edition().name
            if found is not None and found[1] == edition and not anew:
                return found[0]
            if found is not None:
                await rounds.end_round(work.connection, found[0], ended_at=work.now)
            opened = await rounds.insert_round(
                work.connection, purpose, edition, _borders(), began_at=work.now
            )
            if opened is not None:
                return opened


async def take_part(
    begin: Begin, round_id: int, look: Look, *, wanted: Callable[[], bool] = lambda: True
) -> Progress:
    """Do chunks of the round until all is done, by whoever, or while it is `wanted`."""
    while wanted():
        if await _chunk(begin, round_id, look):
            continue
        async with begin() as work:
            progress = await rounds.find_progress(work.connection, round_id)
            if progress.is_done:
                await rounds.end_round(work.connection, round_id, ended_at=work.now)
                return progress
        await asyncio.sleep(WAIT_SECONDS)
    async with begin() as work:
        return await rounds.find_progress(work.connection, round_id)


async def _chunk(begin: Begin, round_id: int, look: Look) -> bool:
    """Look at some persons of a part that is free; whether there was one."""
    async with begin() as work:
        part = await rounds.lock_part(work.connection, round_id)
        if part is None:
            return False
        locked = await rounds.lock_persons_between(
            work.connection, part.after, part.upto, limit=CHUNK_PERSONS
        )
        found = await look(work, locked) if locked else 0
        await rounds.save_part(
            work.connection,
            round_id,
            replace(part, after=locked[-1].person if locked else part.upto),
            persons=len(locked),
            found=found,
            is_done=len(locked) < CHUNK_PERSONS,
        )
        return True


def _borders() -> list[tuple[str, str]]:
    """The beginning and end of each part."""
    starts = [f"{first:x}0000000-0000-0000-0000-000000000000" for first in range(PARTS)]
    return list(zip(starts, [*starts[1:], LAST], strict=True))
