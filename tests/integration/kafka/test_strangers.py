"""Records of other people's clients, which do what ours never would."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, errors
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.contracts.topics import TopicSpec
from shared.messaging.kafka.provisioning import create_topics
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import Subscription, TransportConsumer
from tests.support.buses import READER, WRITER, Inbox
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.kafka_cluster import producing
from tests.support.waiting import until

BOMB_BYTES = 20_000_000
LIMIT_BYTES = 65_536
CODECS = ("gzip", "snappy", "lz4", "zstd")


@pytest.fixture
async def topic(one: KafkaBus) -> str:
    name = f"test.{secrets.token_hex(6)}.v1"
    await one.create_topic(name)
    return name


@asynccontextmanager
async def _listener(bus: KafkaBus, topic: str, inbox: Inbox) -> AsyncIterator[TransportConsumer]:
    transport = KafkaTransport(bus.access(READER), times=TIMES, look_seconds=LOOK_SECONDS)
    await transport.start()
    consumer = transport.consumer(Subscription(f"{READER}.{topic}", (topic,)), inbox)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
        await transport.close()


async def _tell(producer: AIOKafkaProducer, topic: str, value: bytes, *, keep: bool) -> None:
    """One transaction with one record."""
    await producer.begin_transaction()
    await producer.send_and_wait(topic, value, key=b"k", partition=0)
    await (producer.commit_transaction() if keep else producer.abort_transaction())


async def _waits_for_nothing(consumer: TransportConsumer, topic: str, *, end: int) -> None:
    async def has_come_to_the_end() -> bool:
        position = (await consumer.positions())[(topic, 0)]
        return (position.next_offset, position.end_offset, position.lag) == (end, end, 0)

    await until(has_come_to_the_end, what="nothing seems to be left")


async def test_what_a_transaction_took_back_is_never_heard(one: KafkaBus, topic: str) -> None:
    inbox = Inbox()
    async with (
        _listener(one, topic, inbox) as consumer,
        producing(one.access("admin"), transactional_id=topic) as producer,
    ):
        await _tell(producer, topic, b"taken back", keep=False)
        await _tell(producer, topic, b"kept", keep=True)
        await until(lambda: b"kept" in inbox.values, what="what was kept has arrived")
        # Two records, each with the mark that ends its transaction: no record, and nothing to do.
        await _waits_for_nothing(consumer, topic, end=4)
        assert consumer.failure() is None
    assert inbox.values == [b"kept"]


async def test_a_member_begins_at_the_mark_of_a_transaction(one: KafkaBus, topic: str) -> None:
    first, second = Inbox(), Inbox()
    async with producing(one.access("admin"), transactional_id=topic) as producer:
        await _tell(producer, topic, b"1", keep=True)
        async with _listener(one, topic, first):
            await until(lambda: first.values == [b"1"], what="the first has arrived")
        async with _listener(one, topic, second) as consumer:
            await _waits_for_nothing(consumer, topic, end=2)
            await _tell(producer, topic, b"2", keep=True)
            await until(lambda: second.values == [b"2"], what="the second has arrived")
            await _waits_for_nothing(consumer, topic, end=4)


async def test_an_undecided_transaction_is_waited_for(one: KafkaBus, topic: str) -> None:
    inbox = Inbox()
    async with (
        _listener(one, topic, inbox) as consumer,
        producing(one.access("admin"), transactional_id=topic) as producer,
        producing(one.access("admin")) as other,
    ):
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"1", key=b"k", partition=0)
        await other.send_and_wait(topic, b"2", key=b"k", partition=0)
        # It can't go on, and that is no fault of its own: the watchdog must leave it alone.
        await _waits_for_nothing(consumer, topic, end=0)
        await producer.commit_transaction()
        await until(lambda: len(inbox.records) == 2, what="both have arrived")
    assert inbox.values == [b"1", b"2"]


class NoText(str):
    """A name that other clients may give a header, and ours can't."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"\xff" + str(self).encode()


def _batch(producer: AIOKafkaProducer, values: Sequence[bytes], codec: int) -> BatchBuilder:
    """A batch whose second record names a header so; made by the parser that asks the name."""
    batch: Any = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 50_000)
    for place, value in enumerate(values):
        names = ("plain", NoText("odd")) if place == 1 else ("plain",)
        headers = [(name, b"x") for name in names]
        assert batch.append(key=b"k", value=value, headers=headers, timestamp=None)
    built: BatchBuilder = batch
    return built


@pytest.mark.parametrize("codec", [0, 1, 4])
async def test_a_header_named_with_no_text_stops_nobody(
    one: KafkaBus, topic: str, codec: int
) -> None:
    inbox = Inbox()
    async with _listener(one, topic, inbox) as consumer, producing(one.access("admin")) as producer:
        await producer.send_and_wait(topic, b"0", key=b"k", partition=0)
        batch = _batch(producer, [b"1", b"2", b"3"], codec)
        await (await producer.send_batch(batch, topic, partition=0))
        await producer.send_and_wait(topic, b"4", key=b"k", partition=0)
        await until(lambda: len(inbox.records) >= 5, what="all have arrived")
        assert consumer.failure() is None
    assert [(each.offset, each.value) for each in inbox.records] == [
        (place, str(place).encode()) for place in range(5)
    ]
    assert inbox.records[2].headers == (("plain", b"x"), ("\N{REPLACEMENT CHARACTER}odd", b"x"))


async def test_a_record_is_as_small_unpacked_as_it_may_be_packed(one: KafkaBus) -> None:
    name = f"test.{secrets.token_hex(6)}.v1"
    spec = TopicSpec(
        name=name,
        partitions=1,
        cleanup="delete",
        retention=None,
        writers=(WRITER,),
        readers=(READER,),
        maximum_bytes=LIMIT_BYTES,
        replication_factor=1,
        minimum_in_sync_replicas=1,
    )
    await create_topics(one.access("admin"), [spec])
    inbox = Inbox()
    async with (
        _listener(one, name, inbox),
        producing(
            one.access("admin"), compression_type="zstd", max_request_size=2 * BOMB_BYTES
        ) as producer,
    ):
        with pytest.raises(errors.MessageSizeTooLargeError):
            await producer.send_and_wait(name, bytes(BOMB_BYTES), key=b"k", partition=0)
        await producer.send_and_wait(name, bytes(LIMIT_BYTES - 1), key=b"k", partition=0)
        await until(lambda: len(inbox.records) >= 1, what="the one of the allowed size is heard")
    assert [len(value or b"") for value in inbox.values] == [LIMIT_BYTES - 1]


async def test_records_are_heard_however_they_are_packed(one: KafkaBus, topic: str) -> None:
    inbox = Inbox()
    async with _listener(one, topic, inbox):
        for codec in CODECS:
            async with producing(one.access("admin"), compression_type=codec) as producer:
                await producer.send_and_wait(topic, codec.encode() * 100, key=b"k", partition=0)
        await until(lambda: len(inbox.records) >= len(CODECS), what="all have arrived")
    assert inbox.values == [codec.encode() * 100 for codec in CODECS]
