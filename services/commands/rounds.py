"""`sammen recompute` and `sammen ledger replay`: every stored person once more, by processes.

Progress is told on standard error. Killed and started again, a round goes on where it was.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Final

from services.bonus.handlers import proving, rounds
from services.bonus.handlers.rounds import Begin, Look, Purpose
from services.bonus.service import SERVICE
from services.bonus.store import facts
from services.bonus.store import rounds as stored
from services.bonus.store.rounds import Progress
from services.commands.messages import database_address, with_database
from shared.database import Database
from shared.messaging.work import begin_work
from shared.runtime.clock import SystemClock

TELL_SECONDS: Final = 1.0
LOOKS: Final[dict[Purpose, Look]] = {"recompute": rounds.recompute, "replay": proving.replay}


class RoundCutOffError(Exception):
    """The processes of the round ended too early; what was done stays done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a round, and how long this run of it took."""

    progress: Progress
    seconds: float


def run_round(
    purpose: Purpose,
    *,
    processes: int,
    anew: bool = False,
    tell: Callable[[str], object] = sys.stderr.write,
) -> Outcome:
    """Begin the round, or go on with the one that was cut off, and see it through.

    Raises RoundCutOffError when its processes die before the end.
    """

    async def see_through(database: Database) -> Outcome:
        return await _see_through(database, purpose, processes=processes, anew=anew, tell=tell)

    return with_database(SERVICE, see_through)


async def _see_through(
    database: Database,
    purpose: Purpose,
    *,
    processes: int,
    anew: bool,
    tell: Callable[[str], object],
) -> Outcome:
    begin = _begin(database)
    round_id = await rounds.open_round(begin, purpose, anew=anew)
    async with begin() as work:
        total = await facts.count_persons(work.connection)
        before = await stored.find_progress(work.connection, round_id)
    if before.persons:
        tell(f"Going on behind {before.persons:,} persons.\n")
    address, parent = database_address(SERVICE), os.getpid()
    spawning = multiprocessing.get_context("spawn")
    workers = [
        spawning.Process(target=work_on, args=(address, purpose, round_id, parent))
        for _ in range(processes)
    ]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    try:
        while await asyncio.to_thread(_are_at_work, workers):
            async with begin() as work:
                now = await stored.find_progress(work.connection, round_id)
            tell(_progress(now, before, total, time.monotonic() - began))
    finally:
        for worker in workers:
            worker.terminate()
    async with begin() as work:
        progress = await stored.find_progress(work.connection, round_id)
    if not progress.is_done:
        raise RoundCutOffError(f"The {purpose} was cut off; the same command goes on with it.")
    return Outcome(progress, time.monotonic() - began)


def _are_at_work(workers: Sequence[BaseProcess]) -> bool:
    """Wait a moment; whether somebody is still at work."""
    until = time.monotonic() + TELL_SECONDS
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))
    return any(worker.is_alive() for worker in workers)


def _progress(now: Progress, before: Progress, total: int, seconds: float) -> str:
    rate = (now.persons - before.persons) / seconds
    left = f", about {(total - now.persons) / rate:,.0f} s left" if rate else ""
    share = 100 * now.persons // total if total else 100
    return (
        f"{now.persons:,} of {total:,} persons ({share} %), {now.found:,} differ,"
        f" {rate:,.0f}/s{left}\n"
    )


def work_on(address: str, purpose: Purpose, round_id: int, parent: int) -> None:
    """Be one process of a round, as long as the one that began it lives."""

    async def run() -> None:
        database = await Database.connect(
            address, application_name=f"sammen {purpose}", schema=SERVICE.name, connections_max=1
        )
        try:
            await rounds.take_part(
                _begin(database), round_id, LOOKS[purpose], wanted=lambda: os.getppid() == parent
            )
        finally:
            await database.close()

    asyncio.run(run())


def _begin(database: Database) -> Begin:
    return lambda: begin_work(database, SystemClock(), service=SERVICE.name)
