"""The watchdog: a consumer that lags and does not move, and can't say why, ends the process.

A consumer that waits for a database or a bus says so and is left alone: restarting it would help
nobody. One that says nothing has met a fault nobody thought of, and a fresh start is the only
remedy that needs no thought.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.messaging.consumer import Consumer
from shared.messaging.progress import Blocked, Progress
from shared.messaging.transport import TransportError
from shared.observability.logs import Log
from shared.observability.metrics import Metrics
from shared.values.clock import Clock

LOG = Log(__name__)

STALLED_SECONDS_MAX: Final = 60.0
LOOK_SECONDS: Final = 5.0
ANSWER_SECONDS_MAX: Final = 10.0


class WatchdogError(Exception):
    """A consumer has failed, or lags and does not move; the process must end and start afresh."""


Places = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a consumer found out."""

    places: Places | None
    """The next offset of each partition, None when it did not say."""
    lagging: bool | None
    """Whether it has anything to do, None when it did not say."""
    blocked: Blocked | None
    excused: bool = False
    """The bus itself is away: that is no fault of the consumer."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What was last known of a consumer, and since when nothing of it has changed."""

    places: Places | None
    lagging: bool
    blocked: Blocked | None
    since_seconds: float


def judge(watch: Watch | None, look: Look, *, now_seconds: float) -> Watch:
    """The watch after a look: it begins anew when the consumer moved, tried again or is idle.

    A consumer that says nothing is held to have neither moved nor caught up.
    """
    if watch is None:
        return Watch(look.places, look.lagging or False, look.blocked, now_seconds)
    places = watch.places if look.places is None else look.places
    lagging = watch.lagging if look.lagging is None else look.lagging
    moved = (places, look.blocked) != (watch.places, watch.blocked)
    since = now_seconds if moved or not lagging or look.excused else watch.since_seconds
    return Watch(places, lagging, look.blocked, since)


class Watchdog:
    """Looks at the consumers of one service now and then, and shows what it sees as metrics."""

    def __init__(
        self,
        service: str,
        consumers: Sequence[Consumer],
        *,
        clock: Clock,
        metrics: Metrics,
        stalled_seconds_max: float = STALLED_SECONDS_MAX,
        look_seconds: float = LOOK_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._consumers = tuple(consumers)
        self._clock = clock
        self._metrics = metrics
        self._stalled_seconds_max = stalled_seconds_max
        self._look_seconds = look_seconds
        self._monotonic = monotonic
        self._watches: dict[str, Watch] = {}
        self._shown: dict[str, dict[tuple[str, int], int]] = {}
        self._rebalances: dict[str, int] = {}
        self._behind: dict[str, str] = {}
        """Where each consumer had something to do when it was last seen: a place may be at fault,
        such as one where the bus holds what it can't give out.
        """

    async def run(self) -> None:
        """Look for ever. Raises WatchdogError when a consumer has failed or stands still."""
        while True:
            await self.look()
            await asyncio.sleep(self._look_seconds)

    async def look(self) -> None:
        """Look once. Raises WatchdogError."""
        for consumer in self._consumers:
            if (failure := consumer.failure()) is not None:
                raise WatchdogError(f"{consumer.name} has failed: {failure}") from failure
            look = await self._look_at(consumer)
            now_seconds = self._monotonic()
            watch = judge(self._watches.get(consumer.name), look, now_seconds=now_seconds)
            self._watches[consumer.name] = watch
            stalled_seconds = now_seconds - watch.since_seconds
            if stalled_seconds > self._stalled_seconds_max:
                LOG.error("consumer_stalled", consumer=consumer.name, seconds=stalled_seconds)
                raise WatchdogError(
                    f"{consumer.name} lags and has not moved for {stalled_seconds:.0f} seconds"
                    f"{self._behind.get(consumer.name, '')}; "
                    f"the process ends so that it can start afresh"
                )

    async def _look_at(self, consumer: Consumer) -> Look:
        self._count_rebalances(consumer)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                progress = await consumer.progress()
        except TransportError:
            return Look(None, None, consumer.blocked, excused=True)
        except TimeoutError:
            return Look(None, None, consumer.blocked)
        self._show(progress)
        self._behind[consumer.name] = "".join(
            f", {topic}-{partition} at offset {position.next_offset}"
            for (topic, partition), position in sorted(progress.positions.items())
            if position.lag
        )
        places = tuple(
            (topic, partition, position.next_offset)
            for (topic, partition), position in sorted(progress.positions.items())
        )
        return Look(places, progress.lag > 0, progress.blocked)

    def _count_rebalances(self, consumer: Consumer) -> None:
        before = self._rebalances.get(consumer.name, 0)
        self._rebalances[consumer.name] = now = consumer.rebalances()
        self._metrics.consumer_rebalances(service=self._service, consumer=consumer.name).inc(
            now - before
        )

    def _show(self, progress: Progress) -> None:
        """Set lag and the instant of the last move, per partition held; forget those that left."""
        now = self._clock.now().timestamp()
        lag = self._metrics.consumer_lag_records
        last_progress = self._metrics.consumer_last_progress_timestamp_seconds
        before = self._shown.get(progress.consumer, {})
        for place in before.keys() - progress.positions.keys():
            # Another member has it, and shows it.
            lag.forget(**self._labels(progress.consumer, place))
            last_progress.forget(**self._labels(progress.consumer, place))
        for place, position in progress.positions.items():
            labels = self._labels(progress.consumer, place)
            lag(**labels).set(position.lag)
            if position.lag == 0 or before.get(place) != position.next_offset:
                last_progress(**labels).set(now)
        self._shown[progress.consumer] = {
            place: position.next_offset for place, position in progress.positions.items()
        }

    def _labels(self, consumer: str, place: tuple[str, int]) -> dict[str, str]:
        topic, partition = place
        return {
            "service": self._service,
            "consumer": consumer,
            "topic": topic,
            "partition": str(partition),
        }
