"""A consumer: hears records in batches, decides each once, and never passes one by in silence.

A batch is one transaction; its offsets are committed after it. What an error does to the batch is
decided in `retry`; here it is done. While a batch waits, its partitions wait with it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from shared.database import Database
from shared.messaging.decided_offsets import DecidedOffsets, waited_for
from shared.messaging.deciding import (
    STATE_OF_FATE,
    Fate,
    Listener,
    Outcome,
    RunTooLongError,
    decide_together,
)
from shared.messaging.foresight import ReadAhead
from shared.messaging.heard_topics import HeardTopics
from shared.messaging.progress import Blocked, Progress
from shared.messaging.reading import Reading, condemn
from shared.messaging.retry import Bury, Failures, GiveUp, Retry, RetryPolicy, Split, decide
from shared.messaging.steps import Steps
from shared.messaging.transport import (
    DecisionsLostError,
    Place,
    Record,
    Subscription,
    Transport,
    TransportConsumer,
)
from shared.messaging.work import Hears
from shared.observability.catalogue import BatchStep
from shared.observability.logs import Log, bound
from shared.observability.metrics import Metrics
from shared.values.clock import Clock

LOG = Log(__name__)


class DeadLetterLimitError(Exception):
    """So many dead letters came in a row that something else than the records must be wrong."""


class ConsumerStoppingError(Exception):
    """The consumer is asked to stop while a batch waits; the batch will be delivered again."""


class Consumer:
    """One member of one consumer group of a service."""

    def __init__(
        self,
        service: str,
        hears: Hears,
        *,
        database: Database,
        transport: Transport,
        clock: Clock,
        metrics: Metrics,
        policy: RetryPolicy | None = None,
        batch_records_max: int = 1000,
    ) -> None:
        self._listener = Listener(service, hears, database, clock, Steps(self._count_step))
        self._metrics = metrics
        self._policy = policy or RetryPolicy()
        self._stopping = asyncio.Event()
        self._blocked: Blocked | None = None
        self._dead_in_a_row = 0
        self._topics = HeardTopics(database, self.name, transport)
        self._offsets = DecidedOffsets(database, self.name)
        self._transport = transport
        self._subscription = Subscription(self.name, hears.topics, batch_records_max)
        self._member: TransportConsumer | None = None
        self._ahead = ReadAhead(hears, self._count_step)

    @property
    def name(self) -> str:
        """`<service>.<hears>`: the name of the group, the inbox and the dead letters."""
        return self._listener.name

    @property
    def blocked(self) -> Blocked | None:
        """What its batch waits for at present, None when it doesn't."""
        return self._blocked

    async def start(self) -> None:
        """Join the group and begin.

        Raises what the transport says about topics and permission, and OffsetGapError when a topic
        is no longer the one that was heard before.
        """
        await self._topics.recognise(self._subscription.topics)
        # A transport gives out members only once it is started.
        self._member = self._transport.consumer(
            self._subscription,
            self._on_batch,
            self._listener.steps,
            foresee=self._ahead.foresee,
            whence=self._whence,
        )
        await self._member.start()
        LOG.info("consumer_started", service=self._listener.service, consumer=self.name)

    async def stop(self) -> None:
        """Finish the batch in flight, or give up one that waits, and leave; safe before start."""
        self._stopping.set()
        if self._member is not None:
            await self._member.stop()
        LOG.info("consumer_stopped", service=self._listener.service, consumer=self.name)

    async def progress(self) -> Progress:
        """Where it stands, and what it waits for."""
        positions = await self._member.positions() if self._member else {}
        return Progress(self.name, positions, self._blocked)

    def failure(self) -> BaseException | None:
        """Why it stopped for good (DeadLetterLimitError, OffsetGapError, ...), or None."""
        error = self._member.failure() if self._member else None
        return None if isinstance(error, ConsumerStoppingError) else error

    def rebalances(self) -> int:
        """How often the group's partitions were given out while this was a member."""
        return self._member.rebalances() if self._member else 0

    async def _whence(self, places: Mapping[Place, int | None]) -> Mapping[Place, int | None]:
        """See transport.Whence; raises OffsetGapError as `start` does."""
        with waited_for(self.name):
            await self._topics.recognise({topic for topic, _ in places})
            return await self._offsets.whence(places)

    async def _on_batch(self, records: Sequence[Record]) -> None:
        with bound(service=self._listener.service, consumer=self.name):
            started = time.monotonic()
            self._listener.steps.begin("decode")
            await self._settle(self._ahead.take(records))
            labels = {"service": self._listener.service, "consumer": self.name}
            self._metrics.consumer_batch_seconds(**labels).observe(time.monotonic() - started)
            self._metrics.consumer_batch_events(**labels).observe(len(records))
            LOG.debug("batch_committed", records=len(records))

    async def _settle(self, readings: Sequence[Reading]) -> None:
        """Decide the readings, together or, when that fails for good, in ever smaller parts."""
        failures = Failures()
        while True:
            try:
                outcome = await decide_together(
                    self._listener,
                    readings,
                    self._offsets,
                    run=self._dead_in_a_row,
                    run_max=self._policy.dead_letters_in_a_row_max,
                )
            except RunTooLongError as too_long:
                # What came before the limit is decided; then `_account` stops everything.
                readings, failures = readings[: too_long.cut], Failures()
            except DecisionsLostError:
                self._blocked = None
                self._dead_in_a_row = 0  # those letters are lost, too, and come again
                raise
            except Exception as error:  # noqa: BLE001 # counted, and decided about in retry.py
                failures = failures.and_one(error)
                parts = await self._react(error, readings, failures)
                if len(parts) > 1:
                    for part in parts:
                        await self._settle(part)
                    return
                if parts[0] is not readings:
                    readings, failures = parts[0], Failures()
            else:
                self._blocked = None
                self._account(outcome)
                return

    async def _react(
        self, error: Exception, readings: Sequence[Reading], failures: Failures
    ) -> list[Sequence[Reading]]:
        """Do what the error calls for; what is to be tried next, in order."""
        decision = decide(
            error,
            failures=failures,
            records=len(readings),
            burying=readings[0].kind == "undecidable",
            policy=self._policy,
            dice=random.random(),  # noqa: S311 # spreads retries, hides nothing
        )
        match decision:
            case Retry():
                await self._wait(decision, error)
                return [readings]
            case Split():
                half = len(readings) // 2
                LOG.warning("batch_split", records=len(readings), reason=type(error).__name__)
                return [readings[:half], readings[half:]]
            case Bury():
                return [[condemn(readings[0], decision.reason, decision.detail)]]
            case GiveUp():
                raise error
            case _:
                assert_never(decision)

    async def _wait(self, retry: Retry, error: Exception) -> None:
        """Wait before the next attempt, seen from outside. Raises ConsumerStoppingError."""
        before = self._blocked or Blocked("", "", 0, time.monotonic())
        self._blocked = Blocked(
            retry.kind, type(error).__name__, before.attempts + 1, before.since_seconds
        )
        self._metrics.retries(service=self._listener.service, kind=retry.kind).inc()
        LOG.warning(
            "batch_retried",
            kind=retry.kind,
            reason=str(error),
            attempt=self._blocked.attempts,
            delay_seconds=round(retry.delay_seconds, 3),
        )
        self._listener.steps.begin("pause")
        try:
            async with asyncio.timeout(retry.delay_seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise ConsumerStoppingError(f"{self.name} stops; its batch will be delivered again")

    def _count_step(self, step: BatchStep, seconds: float) -> None:
        self._metrics.consumer_step_seconds(
            service=self._listener.service, consumer=self.name, step=step
        ).inc(seconds)

    def _account(self, outcome: Outcome) -> None:
        """Count and tell what was committed. Raises DeadLetterLimitError after one too many."""
        self._dead_in_a_row = outcome.run
        service, consumer = self._listener.service, self.name
        counts = Counter((_type_label(reading), fate) for reading, fate in outcome.fates)
        for (event_type, fate), count in counts.items():
            if fate == "passed_by":
                continue
            self._metrics.events_consumed(
                service=service, consumer=consumer, event_type=event_type, outcome=fate
            ).inc(count)
            if fate == "duplicate":
                self._metrics.inbox_duplicates(service=service, consumer=consumer).inc(count)
        for reading, fate in outcome.fates:
            if fate in STATE_OF_FATE:
                self._tell(reading, fate)
        if outcome.run >= self._policy.dead_letters_in_a_row_max:
            raise DeadLetterLimitError(
                f"{consumer} wrote {outcome.run} dead letters in a row and stopped: look at them "
                f"with `sammen dead-letters list`, mend the cause, then start again"
            )

    def _tell(self, reading: Reading, fate: Fate) -> None:
        """Log what was kept as a letter, by where it lies and never by what it holds."""
        record = reading.record
        where: dict[str, Any] = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "event_id": reading.event_id,
        }
        if fate in ("dead", "malformed"):
            self._metrics.dead_letters(service=self._listener.service, reason=reading.reason).inc()
            LOG.error("dead_letter_written", reason=reading.reason, **where)
        elif fate == "parked":
            LOG.warning("event_parked", **where)
        else:
            LOG.warning("unknown_type_set_aside", event_type=reading.event_type, **where)


def _type_label(reading: Reading) -> str:
    """The event's type; what others call theirs is no label of ours."""
    return reading.event_type or "" if reading.kind in ("heard", "undecidable") else ""
