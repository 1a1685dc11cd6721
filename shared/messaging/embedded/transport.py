"""Publishing: one call of the bus for one batch, whoever this login role is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from weakref import WeakSet

from shared.database import Database, SessionLimits
from shared.messaging.embedded import store
from shared.messaging.embedded.consumer import EmbeddedConsumer
from shared.messaging.embedded.faults import faults_named
from shared.messaging.embedded.records import arrange
from shared.messaging.steps import Steps
from shared.messaging.topic_mismatch import abridged, require_topics
from shared.messaging.transport import (
    BatchHandler,
    Foresight,
    OutgoingRecord,
    Subscription,
    TopicMismatchError,
    TransportForbiddenError,
    TransportUnavailableError,
    Whence,
)

# Every running consumer keeps its session on a connection of its own.
CONSUMERS_MAX = 50

START_SECONDS_MAX = 30.0
START_RETRY_SECONDS = 0.1

# One call of the bus takes milliseconds; one that takes this long is not going to be answered.
LIMITS = SessionLimits(statement_seconds=10.0, lock_seconds=5.0, idle_in_transaction_seconds=10.0)


class EmbeddedTransport:
    """The bus as the role in `url` may use it: its principal is that role without `sammen_`.

    A member of a group that shows no sign of life for `session_timeout_seconds` loses its
    partitions. Consumers are woken by notices, and look by themselves every `poll_seconds`.
    """

    def __init__(
        self,
        url: str,
        *,
        session_timeout_seconds: float = 10.0,
        poll_seconds: float = 1.0,
        connections_max: int = 6,
    ) -> None:
        self._url = url
        self._session_timeout_seconds = session_timeout_seconds
        self._poll_seconds = poll_seconds
        self._connections_max = connections_max
        self._opened: tuple[Database, Database] | None = None
        # One that runs is kept by its own task; one that was let go of is forgotten.
        self._consumers: WeakSet[EmbeddedConsumer] = WeakSet()
        self._partition_counts: dict[str, int] = {}
        self._keyless = count()

    async def start(self) -> None:
        """See Transport.start."""
        if self._opened is not None:
            return
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + START_SECONDS_MAX
        while self._opened is None:
            try:
                with faults_named():
                    self._opened = (
                        await self._connect("sammen bus", connections_max=self._connections_max),
                        await self._connect("sammen bus session", connections_max=CONSUMERS_MAX),
                    )
            except TransportUnavailableError:
                if loop.time() >= give_up_at:
                    raise
                await asyncio.sleep(START_RETRY_SECONDS)

    async def close(self) -> None:
        """See Transport.close; a consumer still at work is cut off as if it had died."""
        for consumer in list(self._consumers):
            await consumer.abandon()
        self._consumers.clear()
        opened, self._opened = self._opened or (), None
        for database in opened:
            await database.close()

    async def check_topics(self, topics: Mapping[str, int]) -> None:
        """See Transport.check_topics."""
        found = {topic.name: topic for topic in await store.list_topics(self._database, [*topics])}
        require_topics(topics, {name: topic.partitions for name, topic in found.items()})
        closed = [name for name, topic in found.items() if not (topic.may_read or topic.may_write)]
        if closed:
            raise TransportForbiddenError(
                f"{abridged(closed)}: closed to this role; grant it in deploy/kafka/topics.yaml"
            )

    async def identify(self, topics: Sequence[str]) -> Mapping[str, str]:
        """See Transport.identify."""
        return await store.identify_topics(self._database, topics)

    async def rewind(self, group: str, topic: str) -> None:
        """See Transport.rewind."""
        if not await store.identify_topics(self._database, [topic]):
            raise TopicMismatchError(f"{topic}: no such topic, or closed to this role")
        await store.rewind_group(self._database, group, topic)

    async def publish(self, records: Sequence[OutgoingRecord]) -> None:
        """See Transport.publish."""
        await self._count_partitions({record.topic for record in records})
        try:
            for columns in arrange(records, self._partition_counts, keyless=next(self._keyless)):
                await store.append(self._database, columns)
        except TopicMismatchError:
            self._partition_counts.clear()
            raise

    def producer_rebuilds(self) -> int:
        """See Transport.producer_rebuilds: publishing leaves nothing that could break."""
        return 0

    def consumer(
        self,
        subscription: Subscription,
        handler: BatchHandler,
        steps: Steps | None = None,
        *,
        foresee: Foresight | None = None,  # noqa: ARG002 # a transport need not call it
        whence: Whence | None = None,  # noqa: ARG002 # offsets lie beside the decisions
    ) -> EmbeddedConsumer:
        """See Transport.consumer."""
        assert self._opened is not None, "start the transport before using it"
        consumer = EmbeddedConsumer(
            *self._opened,
            subscription,
            handler,
            session_timeout_seconds=self._session_timeout_seconds,
            poll_seconds=self._poll_seconds,
            steps=steps or Steps(),
        )
        self._consumers.add(consumer)
        return consumer

    @property
    def _database(self) -> Database:
        assert self._opened is not None, "start the transport before using it"
        return self._opened[0]

    async def _connect(self, name: str, *, connections_max: int) -> Database:
        return await Database.connect(
            self._url,
            application_name=name,
            schema="bus",
            connections_max=connections_max,
            limits=LIMITS,
        )

    async def _count_partitions(self, names: set[str]) -> None:
        unknown = sorted(names - self._partition_counts.keys())
        if not unknown:
            return
        for topic in await store.list_topics(self._database, unknown):
            self._partition_counts[topic.name] = topic.partitions
        missing = sorted(names - self._partition_counts.keys())
        if missing:
            raise TopicMismatchError(
                f"{', '.join(missing)}: no such topic; run `sammen topics create`"
            )
