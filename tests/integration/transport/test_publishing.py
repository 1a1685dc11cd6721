"""What is published arrives as it was, in the order of its key, or the publisher is told."""

from __future__ import annotations

import asyncio
from itertools import groupby

import pytest

from shared.messaging.transport import (
    Header,
    RecordRefusedError,
    RecordTooLargeError,
    Subscription,
    TopicMismatchError,
    Transport,
    TransportForbiddenError,
)
from tests.integration.transport.conftest import OpenTransport
from tests.support.buses import STRANGER, Bus, Inbox, record
from tests.support.waiting import until

HEADERS: tuple[Header, ...] = (
    ("ce_id", b"0198"),
    ("ce_id", b"said twice"),
    ("null", None),
    ("empty", b""),
    ("not UTF-8", b"\xff\x00\xfe"),
    ("æøå", "æøå".encode()),
)


async def test_records_of_one_key_arrive_in_the_order_published(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=4)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,), batch_records_max=7), inbox)
    await consumer.start()
    for batch in range(10):
        await writer.publish(
            [
                record(
                    topic, f"{batch * 10 + number:03}".encode(), key=f"key-{number % 3}".encode()
                )
                for number in range(10)
            ]
        )
    await until(lambda: len(inbox.records) == 100, what="all have arrived")
    await consumer.stop()
    by_key = groupby(sorted(inbox.records, key=lambda each: each.key or b""), lambda each: each.key)
    for _, records in by_key:
        values = [each.value or b"" for each in records]
        assert values == sorted(values)
    assert len({(each.key, each.partition) for each in inbox.records}) == 3


async def test_key_value_and_headers_arrive_as_they_were(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    sent = [
        record(topic, b"{}", key=b"key", headers=HEADERS),
        record(topic, b"", key=b""),
        record(topic, None, key=b""),
        record(topic, b"\x00\xff", key=b"\xff\x00"),
        record(topic, b"no key", key=None),
        record(topic, None, key=None),
    ]
    await writer.publish(sent)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == len(sent), what="all have arrived")
    await consumer.stop()
    arrived = [(each.key, each.value, each.headers) for each in inbox.records]
    assert arrived == [(each.key, each.value, each.headers) for each in sent]
    assert all(each.appended_at.utcoffset() is not None for each in inbox.records)


async def test_what_the_bus_does_not_understand_passes_through(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    unknown: tuple[Header, ...] = (("ce_type", b"dk.somebody.else.Unheard.v9"),)
    await writer.publish([record(topic, b"<no json>", headers=unknown), record(topic, b"after")])
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 2, what="both have arrived")
    await consumer.stop()
    assert inbox.values == [b"<no json>", b"after"]
    assert inbox.records[0].headers == unknown


async def test_a_record_too_large_is_refused_and_the_next_one_is_not(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, maximum_bytes=10_000)
    # A broker counts what one producer sent: a refusal in the middle must not upset the count.
    await writer.publish([record(topic, b"before")])
    with pytest.raises(RecordTooLargeError):
        await writer.publish([record(topic, b"x" * 20_000)])
    await writer.publish([record(topic, b"x" * 9_000)])
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 2, what="the smaller one has arrived")
    await consumer.stop()
    assert inbox.values == [b"before", b"x" * 9_000]


async def test_a_compacted_topic_refuses_a_record_without_a_key(
    bus: Bus, writer: Transport, topic: str
) -> None:
    await bus.create_topic(topic, compacted=True)
    with pytest.raises(RecordRefusedError):
        await writer.publish([record(topic, b"{}", key=None)])


async def test_publishing_to_a_missing_topic_is_refused_until_it_is_there(
    bus: Bus, writer: Transport, topic: str
) -> None:
    with pytest.raises(TopicMismatchError):
        await writer.publish([record(topic)])
    await bus.create_topic(topic)
    await writer.publish([record(topic)])


async def test_publishing_nothing_is_nothing(writer: Transport) -> None:
    await writer.publish([])


async def test_who_may_not_write_a_topic_is_refused(
    bus: Bus, reader: Transport, open_transport: OpenTransport, topic: str
) -> None:
    await bus.create_topic(topic)
    for transport in (reader, await open_transport(STRANGER)):
        with pytest.raises(TransportForbiddenError):
            await transport.publish([record(topic)])


async def test_a_batch_for_several_topics_and_partitions_arrives_whole(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(f"a.{topic}", partitions=3)
    await bus.create_topic(f"b.{topic}", partitions=2)
    sent = [
        record(f"{'ab'[number % 2]}.{topic}", str(number).encode(), key=str(number % 7).encode())
        for number in range(200)
    ]
    await writer.publish(sent)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (f"*.{topic}",)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 200, what="all have arrived")
    await consumer.stop()
    assert {(each.topic, each.value) for each in inbox.records} == {
        (each.topic, each.value) for each in sent
    }


async def test_topics_are_checked_by_name_and_number_of_partitions(
    bus: Bus, writer: Transport, topic: str
) -> None:
    await bus.create_topic(topic, partitions=3)
    await writer.check_topics({topic: 3})
    with pytest.raises(TopicMismatchError, match=topic):
        await writer.check_topics({topic: 4})
    with pytest.raises(TopicMismatchError, match="missing"):
        await writer.check_topics({topic: 3, f"missing.{topic}": 1})


async def test_many_publishing_at_once_through_one_transport_lose_nothing(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=3)
    async with asyncio.TaskGroup() as tasks:
        for number in range(50):
            value = str(number).encode()
            tasks.create_task(writer.publish([record(topic, value, key=value)]))
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 50, what="all have arrived")
    await consumer.stop()
    assert sorted(inbox.values, key=lambda value: int(value or b"")) == [
        str(number).encode() for number in range(50)
    ]
