"""What a service does by the clock, done by one process at a time however many run.

Whoever holds the timer's advisory lock runs it; the lock belongs to a session, so that a process
that dies lets go of it. How far a timer is done stands in the table `timer` of the service.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from shared.database import Connection, Fault, fault_of
from shared.messaging.locks import try_session_lock
from shared.observability.logs import Log, bound
from shared.runtime.service import ServiceContext, Timer
from shared.values.clock import today
from shared.values.persons import mask_person_numbers

LOG = Log(__name__)

LOOK_SECONDS: Final = 1.0
RETRY_SECONDS_MAX: Final = 60.0
ERROR_CHARACTERS_MAX: Final = 500

FIND_PROGRESS = "SELECT done_on, done_at FROM timer WHERE name = $1"
SAVE_DONE = """
INSERT INTO timer (name, done_on, done_at)
     VALUES ($1, $2, $3)
ON CONFLICT (name)
  DO UPDATE
        SET done_on = coalesce(excluded.done_on, timer.done_on),
            done_at = excluded.done_at,
            failures = 0,
            failed_at = NULL,
            last_error = NULL
"""
SAVE_FAILED = """
INSERT INTO timer (name, failures, failed_at, last_error)
     VALUES ($1, 1, $2, $3)
ON CONFLICT (name)
  DO UPDATE
        SET failures = timer.failures + 1,
            failed_at = excluded.failed_at,
            last_error = excluded.last_error
"""


@dataclass(frozen=True, slots=True)
class Tick:
    """One run that is due: for a calendar day, or for no day in particular."""

    due_on: date | None


def due_ticks(
    timer: Timer, *, done_on: date | None, done_at: datetime | None, now: datetime, today_on: date
) -> list[Tick]:
    """The runs that are due now, oldest first.

    A daily timer owes every day after the last one done; one that never ran owes today. Missed
    intervals are one run, since what they look at is the same.
    """
    if timer.every is not None:
        return [Tick(None)] if done_at is None or now - done_at >= timer.every else []
    if done_on is None:
        return [Tick(today_on)]
    missed = (today_on - done_on).days
    return [Tick(done_on + timedelta(days=day)) for day in range(1, missed + 1)]


class Timers:
    """The timers of one service in this process."""

    def __init__(self, context: ServiceContext, timers: Sequence[Timer]) -> None:
        self._context = context
        self._timers = timers
        self._looking = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    async def run(self) -> None:
        """Look for due runs once a second until stopped; a run that fails is tried again later."""
        with bound(service=self._context.service_name):
            while not self._stopping.is_set():
                await self.run_due()
                await self._pause()

    async def stop(self) -> None:
        """Begin no more runs, and wait for the one under way."""
        self._stopping.set()
        async with self._looking:
            return

    async def run_due(self, *, at_once: bool = False) -> int:
        """Do every run that is due and nobody else is doing; how many ended well.

        `at_once` also tries again what failed a moment ago.
        """
        async with self._looking:
            done = 0
            for timer in self._timers:
                if self._stopping.is_set():
                    break
                if at_once or time.monotonic() >= self._not_before.get(timer.name, 0.0):
                    done += await self._look_at(timer)
            return done

    def failing(self) -> Mapping[str, int]:
        """Timers whose last run failed in this process, and how often in a row."""
        return dict(self._failures)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _look_at(self, timer: Timer) -> int:
        try:
            async with self._context.database.connection() as connection:
                service = self._context.service_name
                if not await try_session_lock(connection, "timer", service, timer.name):
                    return 0
                return await self._run_owed(connection, timer)
        except Exception as error:  # noqa: BLE001 # the process loop: counted, said, tried again
            self._note_failure(timer, error)
            return 0

    async def _run_owed(self, connection: Connection, timer: Timer) -> int:
        """Run what is owed, stopping at the first failure. Raises it after writing it down."""
        ticks = await self._owed(connection, timer)
        if len(ticks) > 1:
            LOG.info("timer_caught_up", timer=timer.name, days=len(ticks))
        for done, tick in enumerate(ticks):
            if self._stopping.is_set():
                return done
            began_at = self._context.clock.now()
            try:
                await timer.run(replace(self._context, due_on=tick.due_on))
            except Exception as error:
                text = mask_person_numbers(f"{type(error).__name__}: {error}")
                await connection.execute(
                    SAVE_FAILED, timer.name, began_at, text[:ERROR_CHARACTERS_MAX]
                )
                raise
            await connection.execute(SAVE_DONE, timer.name, tick.due_on, began_at)
            self._note_success(timer, tick)
        # A look can fail while nothing is owed; whatever was owed is done now, so it fails no more.
        self._forget_failures(timer)
        return len(ticks)

    async def _owed(self, connection: Connection, timer: Timer) -> list[Tick]:
        row = await connection.fetchrow(FIND_PROGRESS, timer.name)
        clock = self._context.clock
        return due_ticks(
            timer,
            done_on=row["done_on"] if row else None,
            done_at=row["done_at"] if row else None,
            now=clock.now(),
            today_on=today(clock),
        )

    def _forget_failures(self, timer: Timer) -> None:
        self._failures.pop(timer.name, None)
        self._not_before.pop(timer.name, None)

    def _note_success(self, timer: Timer, tick: Tick) -> None:
        service, metrics = self._context.service_name, self._context.metrics
        self._forget_failures(timer)
        metrics.timer_runs(service=service, timer=timer.name, outcome="done").inc()
        metrics.timer_last_success_timestamp_seconds(
            service=service, timer=timer.name
        ).set_to_current_time()
        LOG.debug("timer_done", timer=timer.name, due_on=tick.due_on)

    def _note_failure(self, timer: Timer, error: Exception) -> None:
        service, metrics = self._context.service_name, self._context.metrics
        failures = self._failures.get(timer.name, 0) + 1
        self._failures[timer.name] = failures
        pause_seconds = min(2.0**failures, RETRY_SECONDS_MAX)
        self._not_before[timer.name] = time.monotonic() + pause_seconds
        metrics.timer_runs(service=service, timer=timer.name, outcome="failed").inc()
        if fault_of(error) is Fault.UNAVAILABLE:
            metrics.retries(service=service, kind="unavailable").inc()
            LOG.warning("timer_failed", timer=timer.name, failures=failures, detail=str(error))
        else:
            metrics.retries(service=service, kind="unknown").inc()
            LOG.error("timer_failed", error=error, timer=timer.name, failures=failures)
