"""A consumer whose next record is gone stops and says so; it never jumps."""

from __future__ import annotations

import pytest

from shared.messaging.transport import OffsetGapError, Subscription, Transport
from tests.support.buses import Bus, Inbox, record
from tests.support.waiting import until


async def _read_two(writer: Transport, reader: Transport, topic: str, group: str) -> None:
    await writer.publish([record(topic, b"0"), record(topic, b"1")])
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 2, what="two are read")
    await consumer.stop()


async def test_records_deleted_before_they_were_read_stop_the_consumer(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await _read_two(writer, reader, topic, group)
    await writer.publish([record(topic, b"2"), record(topic, b"3"), record(topic, b"4")])
    await bus.delete_records(topic, partition=0, before=4)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: consumer.failure() is not None, what="the gap is noticed")
    await consumer.stop()
    assert inbox.records == []
    with pytest.raises(OffsetGapError, match=topic):
        raise consumer.failure() or AssertionError("no failure")


async def test_records_deleted_after_they_were_read_are_not_missed(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await _read_two(writer, reader, topic, group)
    await bus.delete_records(topic, partition=0, before=2)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await writer.publish([record(topic, b"2")])
    await until(lambda: bool(inbox.records), what="the next one has arrived")
    await consumer.stop()
    assert inbox.values == [b"2"]
    assert consumer.failure() is None
