"""Sending outbox rows: what the bus takes is marked, what it can't take does not stop the rest.

*The bus is away*, or the outcome is unknown: the same rows are sent again, in the same order. A
row that arrives twice is dropped by every inbox.

*Too large*, or refused for what it is (a compacted topic takes none without a key): the row is
found by halving, set aside with its reason, and reported. It can never be
sent as it is. Later rows of its key go on, since no rule of ours needs order between events.

*Not allowed*, or the topic is missing: a person can grant that, and a row sent after newer ones
would undo them on a compacted topic. So the rows of that topic wait in order, reported at each
attempt, while other topics go on.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.database import Connection
from shared.messaging import outbox
from shared.messaging.failpoints import reached
from shared.messaging.outbox import StoredRow
from shared.messaging.retry import RetryPolicy, delay_seconds
from shared.messaging.transport import (
    RecordRefusedError,
    TopicMismatchError,
    Transport,
    TransportError,
    TransportForbiddenError,
)
from shared.observability.catalogue import Relayed
from shared.observability.logs import Log
from shared.observability.metrics import Metrics

LOG = Log(__name__)

PIECE_ROWS_MAX: Final = 1000
"""So many rows are published at once, and marked together."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A topic whose rows wait, how often in a row it was refused, and until when."""

    refusals: int
    until_seconds: float
    reason: str


class Sender:
    """Brings rows to the bus and marks them, one batch at a time."""

    def __init__(
        self,
        service: str,
        *,
        transport: Transport,
        metrics: Metrics,
        policy: RetryPolicy,
        stopping: asyncio.Event,
        meanwhile: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._service = service
        self._transport = transport
        self._metrics = metrics
        self._policy = policy
        self._stopping = stopping
        self._meanwhile = meanwhile
        """Done between two attempts: what waits is counted also while nothing can be sent."""
        self._holds: dict[str, Hold] = {}
        self._away: str | None = None
        self._marking: asyncio.Task[None] | None = None
        """A piece is marked while the next one is on its way: the database and the bus take turns
        no more. Nothing else uses the connection meanwhile."""

    def trouble(self) -> str | None:
        """Why rows wait at present, None when none does."""
        held = [f"{topic}: {hold.reason}" for topic, hold in sorted(self._holds.items())]
        return "; ".join([self._away, *held] if self._away else held) or None

    def held_topics(self) -> list[str]:
        """Topics not worth trying yet."""
        now = time.monotonic()
        return [topic for topic, hold in self._holds.items() if hold.until_seconds > now]

    async def send(self, connection: Connection, rows: Sequence[StoredRow]) -> bool:
        """Send the rows in order, for as long as it takes; whether all that followed may go too.

        It may not when rows of a topic were left waiting, or the relay is to stop. Raises what the
        database raises, such as when the connection that holds the lock is lost.
        """
        pieces = deque(_pieces(rows))
        try:
            return await self._send_pieces(connection, pieces)
        finally:
            await self._marked()

    async def _send_pieces(self, connection: Connection, pieces: deque[list[StoredRow]]) -> bool:
        refused_topics: set[str] = set()
        failures = 0
        while pieces and not self._stopping.is_set():
            # A topic refused a moment ago may be open now, but its earlier rows were left out.
            piece = [row for row in pieces.popleft() if row.topic not in refused_topics]
            if not piece:
                continue
            try:
                await self._transport.publish(piece)
            except RecordRefusedError as error:
                if len(piece) == 1:
                    await self._marked()
                    await self._refuse(connection, piece[0], error)
                else:
                    pieces.extendleft(reversed(_halves(piece)))
            except (TransportForbiddenError, TopicMismatchError) as error:
                by_topic = _by_topic(piece)
                if len(by_topic) == 1:
                    refused_topics.add(piece[0].topic)
                    self._hold(piece, error)
                else:
                    pieces.extendleft(reversed(by_topic))
            except TransportError as error:
                failures += 1
                pieces.appendleft(piece)
                await self._marked()
                await self._wait(connection, piece, error, failures)
            else:
                failures = 0
                await reached("relay.after_publish")
                await self._marked()
                self._marking = asyncio.create_task(self._mark(connection, piece))
        return not (pieces or refused_topics)

    async def _marked(self) -> None:
        """Wait for the piece that is being marked, if one is; raise what the database raised."""
        marking, self._marking = self._marking, None
        if marking is not None:
            await marking

    async def _mark(self, connection: Connection, piece: Sequence[StoredRow]) -> None:
        self._away = None
        for topic in {row.topic for row in piece}:
            self._holds.pop(topic, None)
        await outbox.save_published(connection, [row.position for row in piece])
        await reached("relay.after_mark")
        self._count(piece, "published")
        for event_type, count in Counter([_event_type(row) for row in piece]).items():
            self._metrics.events_published(
                service=self._service, event_type=event_type.decode()
            ).inc(count)
        LOG.debug("relay_published", rows=len(piece))

    async def _refuse(self, connection: Connection, row: StoredRow, error: Exception) -> None:
        await outbox.save_refused(connection, {row.position: f"{type(error).__name__}: {error}"})
        self._count([row], "refused")
        LOG.error(
            "relay_refused", topic=row.topic, event_id=row.event_id, reason=type(error).__name__
        )

    def _hold(self, piece: Sequence[StoredRow], error: Exception) -> None:
        topic = piece[0].topic
        refusals = self._holds[topic].refusals + 1 if topic in self._holds else 1
        delay = self._delay_seconds(refusals)
        self._holds[topic] = Hold(refusals, time.monotonic() + delay, str(error))
        self._count(piece, "retried")
        self._metrics.retries(service=self._service, kind="bus").inc()
        LOG.error(
            "relay_retried", topic=topic, rows=len(piece), attempt=refusals, reason=str(error)
        )

    async def _wait(
        self, connection: Connection, piece: Sequence[StoredRow], error: Exception, failures: int
    ) -> None:
        """Wait before sending the same again, and see that the lock is still ours."""
        self._away = f"{type(error).__name__}: {error}"
        self._count(piece, "retried")
        self._metrics.retries(service=self._service, kind="bus").inc()
        LOG.warning("relay_retried", rows=len(piece), attempt=failures, reason=str(error))
        try:
            async with asyncio.timeout(self._delay_seconds(failures)):
                await self._stopping.wait()
        except TimeoutError:
            await connection.execute("SELECT 1")
            await self._meanwhile(connection)

    def _delay_seconds(self, attempt: int) -> float:
        dice = random.random()  # noqa: S311 # spreads retries, hides nothing
        return delay_seconds(attempt, policy=self._policy, dice=dice)

    def _count(self, rows: Sequence[StoredRow], outcome: Relayed) -> None:
        self._metrics.relay_rows(service=self._service, outcome=outcome).inc(len(rows))


def _pieces(rows: Sequence[StoredRow]) -> list[list[StoredRow]]:
    return [list(rows[at : at + PIECE_ROWS_MAX]) for at in range(0, len(rows), PIECE_ROWS_MAX)]


def _event_type(row: StoredRow) -> bytes:
    """The type in the row's own headers; an erasure has none."""
    for name, value in row.headers:
        if name == "ce_type" and value is not None:
            return value
    return b""


def _halves(rows: list[StoredRow]) -> list[list[StoredRow]]:
    middle = len(rows) // 2
    return [rows[:middle], rows[middle:]]


def _by_topic(rows: Sequence[StoredRow]) -> list[list[StoredRow]]:
    """The rows of each topic, in their order: keys never span topics."""
    topics: dict[str, list[StoredRow]] = {}
    for row in rows:
        topics.setdefault(row.topic, []).append(row)
    return list(topics.values())
