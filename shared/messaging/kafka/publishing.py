"""Publishing: each partition's records in batches, one after the other, all partitions at once.

aiokafka's idempotent producer never gives up a batch by itself, and after an error no retry can
mend it stays broken. So every publication has a time limit of its own, and whatever goes wrong
costs the producer: the next publication begins with a new one. Its connections are closed first,
so that nothing of the old one arrives after what the new one sends. And one publication is made at
a time, so that none costs another its producer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, errors

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.connections import close_when_interrupted, cut_off, end
from shared.messaging.kafka.faults import faults_named, gravest, register_answers, translate
from shared.messaging.transport import OutgoingRecord, TopicMismatchError, TransportError
from shared.observability.logs import Log

LOG = Log(__name__)

PUBLISH_SECONDS_MAX = 20.0
"""A publication that takes longer counts as failed, with an unknown outcome."""

REQUEST_SECONDS_MAX = 10.0

BATCH_BYTES_MAX = 60_000
"""Of one batch, headers and all: below the smallest limit of our topics, which Kafka applies to
whole batches. A single larger record is sent alone, and taken or refused for its own size."""

Partition = tuple[str, int]


class Publisher:
    """One idempotent producer at a time, made anew after any failure."""

    def __init__(
        self, access: KafkaAccess, *, publish_seconds_max: float = PUBLISH_SECONDS_MAX
    ) -> None:
        self._access = access
        self._publish_seconds_max = publish_seconds_max
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self._turn = asyncio.Lock()
        self.rebuilds = 0
        """How often a producer was thrown away after a failure."""

    async def open(self) -> None:
        """Connect, unless connected. Raises TransportUnavailableError."""
        async with self._opening:
            if self._producer is not None:
                return
            register_answers()
            close_when_interrupted()
            producer = AIOKafkaProducer(
                **self._access.for_aiokafka(),
                client_id="sammen",
                enable_idempotence=True,
                acks="all",
                linger_ms=0,
                max_batch_size=BATCH_BYTES_MAX,
                request_timeout_ms=int(REQUEST_SECONDS_MAX * 1000),
            )
            try:
                with faults_named("connecting to Kafka"):
                    async with asyncio.timeout(self._publish_seconds_max):
                        await producer.start()
            except BaseException:
                await _abandon(producer)
                raise
            self._producer = producer

    async def close(self) -> None:
        """Let go of the producer, with nothing waited for; safe twice."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _abandon(producer)

    async def publish(self, by_partition: dict[Partition, list[OutgoingRecord]]) -> None:
        """Store the records, in order within each partition, once its turn has come.

        Raises the gravest of what went wrong: see Transport.publish.
        """
        async with self._turn:
            await self.open()
            producer = self._producer
            assert producer is not None, "it was just opened"
            await self._publish(producer, by_partition)

    async def _publish(
        self, producer: AIOKafkaProducer, by_partition: dict[Partition, list[OutgoingRecord]]
    ) -> None:
        sending = [
            asyncio.create_task(_send(producer, partition, records))
            for partition, records in by_partition.items()
        ]
        try:
            _, late = await asyncio.wait(sending, timeout=self._publish_seconds_max)
        except asyncio.CancelledError:
            await self._give_up(producer, sending, "publishing was given up")
            raise
        if not late and not any(task.exception() for task in sending):
            return
        failed = [task.exception() for task in sending if task not in late]
        reason = repr(next(filter(None, failed), None) or TimeoutError("not acknowledged in time"))
        await self._give_up(producer, sending, reason)
        raise gravest(list(_told(zip(by_partition, sending, strict=True))))

    async def _give_up(
        self, producer: AIOKafkaProducer, sending: Sequence[asyncio.Task[None]], reason: str
    ) -> None:
        """Let go of a producer of which nobody knows what it still does."""
        LOG.warning("producer_rebuilt", partitions=len(sending), reason=reason)
        self.rebuilds += 1
        for task in sending:
            task.cancel()
        if self._producer is producer:
            self._producer = None
        await _abandon(producer)
        await asyncio.wait(sending)


async def _send(
    producer: AIOKafkaProducer, partition: Partition, records: Sequence[OutgoingRecord]
) -> None:
    """Send one partition's records, each batch after the one before was acknowledged."""
    topic, number = partition
    waiting = iter(records)
    record = next(waiting, None)
    while record is not None:
        batch = producer.create_batch()
        while record is not None and batch.append(
            key=record.key, value=record.value, headers=list(record.headers), timestamp=None
        ):
            record = next(waiting, None)
        try:
            acknowledged = await producer.send_batch(batch, topic, partition=number)
        except AssertionError as error:  # so aiokafka says it
            raise TopicMismatchError(f"{topic} has no partition {number} any more") from error
        await acknowledged


def _told(
    sent: Iterable[tuple[Partition, asyncio.Task[None]]],
) -> Iterable[TransportError]:
    """What went wrong, per partition; a task cut off did not end in time."""
    for (topic, number), task in sent:
        where = f"publishing to {topic}-{number}"
        if task.cancelled():
            yield translate(TimeoutError("not acknowledged in time"), where)
        elif (error := task.exception()) is not None:
            if not isinstance(error, errors.KafkaError | OSError | TimeoutError | TransportError):
                raise error
            yield translate(error, where)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Close the connections, so that nothing more can be sent, then end the producer's tasks.

    `AIOKafkaProducer.stop` alone would first wait, for ever if need be, until all is sent: so what
    is not sent yet is given up before it.
    """
    sender: Any = getattr(producer, "_sender", None)
    accumulator: Any = getattr(producer, "_message_accumulator", None)
    await cut_off(producer.client)
    accumulator.fail_all(errors.ProducerClosed())
    await end(sender.close)
    await end(producer.stop)
