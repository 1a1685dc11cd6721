"""Whether a process lives and is ready: judged by progress, not by an open port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.database import Database, DatabaseUnavailableError, fault_of
from shared.messaging.consumer import Consumer
from shared.messaging.transport import TransportError
from shared.messaging.watchdog import Look, Watch, judge
from shared.runtime.running import RunningService
from shared.web.ops import Health

STILL_SECONDS_MAX: Final = 15.0
"""A consumer with something to do that has not moved for so long gets no traffic sent its way."""
BLOCKED_SECONDS_MAX: Final = 5.0
"""Shorter waits are everyday retries."""
LOOK_SECONDS: Final = 2.0
ANSWER_SECONDS_MAX: Final = 2.0

Failures = Callable[[], Sequence[tuple[str, BaseException]]]


class ProgressWatch:
    """Remembers when each consumer last moved, so that readiness knows it when asked."""

    def __init__(
        self,
        services: Sequence[RunningService],
        *,
        still_seconds_max: float = STILL_SECONDS_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._still_seconds_max = still_seconds_max
        self._monotonic = monotonic
        self._watches: dict[str, Watch] = {}

    async def run(self) -> None:
        """Look every two seconds, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once at every consumer."""
        for running in self._services:
            for consumer in running.consumers:
                look = await _look_at(consumer)
                before = self._watches.get(consumer.name)
                self._watches[consumer.name] = judge(before, look, now_seconds=self._monotonic())

    def reasons(self) -> list[str]:
        """What speaks against sending work here, as far as consumers go."""
        return [
            reason
            for running in self._services
            for consumer in running.consumers
            for reason in self._reasons_of(consumer)
        ]

    def _reasons_of(self, consumer: Consumer) -> list[str]:
        if (failure := consumer.failure()) is not None:
            return [f"consumer {consumer.name} has failed: {type(failure).__name__}"]
        watch = self._watches.get(consumer.name)
        if watch is None or watch.places is None:
            return [f"consumer {consumer.name} has not said where it stands"]
        now_seconds = self._monotonic()
        blocked = watch.blocked
        if blocked and now_seconds - blocked.since_seconds > BLOCKED_SECONDS_MAX:
            return [f"consumer {consumer.name} waits: {blocked.kind}"]
        if now_seconds - watch.since_seconds > self._still_seconds_max:
            return [f"consumer {consumer.name} lags and does not move"]
        return []


async def check_ready(services: Sequence[RunningService], progress: ProgressWatch) -> Health:
    """Ready means: every database answers, every relay gets rid of its rows, consumers move."""
    databases = await asyncio.gather(
        *(_database_reasons(running.service.name, running.context.database) for running in services)
    )
    relays = [
        f"relay of {running.service.name} waits: {trouble}"
        for running in services
        if (trouble := running.relay.trouble()) is not None
    ]
    reasons = [*(reason for found in databases for reason in found), *relays, *progress.reasons()]
    return Health(tuple(reasons), tuple(_notes(services)))


def live_from(failures: Failures) -> Callable[[], Awaitable[Health]]:
    """Alive means: no part has stopped for good, and the process still answers at all."""

    async def live() -> Health:
        return Health(
            tuple(f"{name} has stopped: {type(error).__name__}" for name, error in failures())
        )

    return live


async def _look_at(consumer: Consumer) -> Look:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            progress = await consumer.progress()
    except (TransportError, DatabaseUnavailableError, TimeoutError):
        return Look(None, None, consumer.blocked, excused=True)
    places = tuple(
        (topic, partition, position.next_offset)
        for (topic, partition), position in sorted(progress.positions.items())
    )
    return Look(places, progress.lag > 0, progress.blocked)


async def _database_reasons(service_name: str, database: Database) -> list[str]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX), database.connection() as connection:
            await connection.execute("SELECT 1")
    except TimeoutError:
        return [f"database of {service_name} does not answer"]
    except Exception as error:
        if fault_of(error) is None:
            raise
        return [f"database of {service_name}: {type(error).__name__}"]
    return []


def _notes(services: Sequence[RunningService]) -> list[str]:
    """What is no reason against it, but worth knowing."""
    standby = [
        f"relay of {running.service.name} stands by"
        for running in services
        if not running.relay.active
    ]
    timers = [
        f"timer {name} of {running.service.name} has failed {failures} times in a row"
        for running in services
        if running.timers is not None
        for name, failures in running.timers.failing().items()
    ]
    return [*standby, *timers]
