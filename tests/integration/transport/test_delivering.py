"""Whatever was published is delivered to every group, until a handler has returned for it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from shared.messaging.transport import (
    Subscription,
    TopicMismatchError,
    Transport,
    TransportConsumer,
    TransportForbiddenError,
)
from tests.integration.transport.conftest import OpenTransport
from tests.support.buses import READER, STRANGER, Bus, Inbox, record
from tests.support.waiting import until


async def test_a_new_group_reads_from_the_beginning_and_an_old_one_goes_on(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, b"1"), record(topic, b"2")])
    first, second, another = Inbox(), Inbox(), Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), first)
    await consumer.start()
    await until(lambda: first.values == [b"1", b"2"], what="the group has read what was there")
    await consumer.stop()
    await writer.publish([record(topic, b"3")])
    for name, inbox in ((group, second), (f"{group}.another", another)):
        consumer = reader.consumer(Subscription(name, (topic,)), inbox)
        await consumer.start()
        await until(lambda inbox=inbox: b"3" in inbox.values, what="the third has arrived")
        await consumer.stop()
    assert second.values == [b"3"]
    assert another.values == [b"1", b"2", b"3"]


async def test_a_batch_is_as_large_as_asked_at_most(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=3)
    values = [str(number).encode() for number in range(25)]
    await writer.publish([record(topic, value, key=value) for value in values])
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,), batch_records_max=10), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 25, what="all have arrived")
    await consumer.stop()
    assert max(len(batch) for batch in inbox.batches) <= 10
    assert sorted(inbox.values, key=lambda value: int(value or b"")) == values


async def test_a_handler_that_raises_ends_delivery_and_its_batch_comes_again(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, b"1")])
    failing = Inbox()
    failing.error = ValueError("can't")
    consumer = reader.consumer(Subscription(group, (topic,)), failing)
    await consumer.start()
    await until(lambda: consumer.failure() is not None, what="the handler's error is said")
    assert consumer.failure() is failing.error
    await consumer.stop()
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: bool(inbox.records), what="the batch has come again")
    await consumer.stop()
    assert inbox.values == failing.values == [b"1"]
    assert consumer.failure() is None


async def stopping_in_mid_batch(
    transport: Transport, topic: str, group: str, inbox: Inbox
) -> tuple[TransportConsumer, asyncio.Task[None]]:
    """A consumer that has been told to stop while its handler holds the topic's first record."""
    inbox.may_return.clear()
    consumer = transport.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await inbox.entered.wait()
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.sleep(0)
    return consumer, stopping


async def test_stopping_waits_for_the_batch_in_flight_and_commits_it(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, b"1")])
    inbox, later = Inbox(), Inbox()
    _, stopping = await stopping_in_mid_batch(reader, topic, group, inbox)
    await writer.publish([record(topic, b"2")])
    assert not stopping.done()
    inbox.may_return.set()
    await stopping
    consumer = reader.consumer(Subscription(group, (topic,)), later)
    await consumer.start()
    await until(lambda: bool(later.records), what="the second has arrived")
    await consumer.stop()
    assert (inbox.values, later.values) == ([b"1"], [b"2"])


async def test_a_batch_given_back_to_stop_is_no_failure(
    bus: Bus,
    writer: Transport,
    reader: Transport,
    topic: str,
    group: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A consumer whose batch waits for the database gives it back so, and nobody is to be woken."""
    await bus.create_topic(topic)
    await writer.publish([record(topic, b"1")])
    inbox, later = Inbox(), Inbox()
    consumer, stopping = await stopping_in_mid_batch(reader, topic, group, inbox)
    inbox.error = RuntimeError("stops; its batch will be delivered again")
    inbox.may_return.set()
    await stopping
    assert consumer.failure() is inbox.error
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
    consumer = reader.consumer(Subscription(group, (topic,)), later)
    await consumer.start()
    await until(lambda: bool(later.records), what="the batch has come again")
    await consumer.stop()
    assert later.values == [b"1"]


async def test_stopping_is_safe_twice_and_before_the_start(
    bus: Bus, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    consumer = reader.consumer(Subscription(group, (topic,)), Inbox())
    await consumer.stop()
    consumer = reader.consumer(Subscription(group, (topic,)), Inbox())
    await consumer.start()
    await consumer.stop()
    await consumer.stop()
    assert await consumer.positions() == {}


async def test_positions_say_what_is_still_to_come(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic), record(topic)])
    inbox = Inbox()
    inbox.may_return.clear()
    consumer = reader.consumer(Subscription(group, (topic,), batch_records_max=2), inbox)
    await consumer.start()
    await inbox.entered.wait()
    await writer.publish([record(topic)])
    position = (await consumer.positions())[(topic, 0)]
    assert (position.next_offset, position.lag) in {(0, 3), (0, 2)}
    inbox.may_return.set()

    async def has_read_all() -> bool:
        position = (await consumer.positions())[(topic, 0)]
        return (position.next_offset, position.end_offset, position.lag) == (3, 3, 0)

    await until(has_read_all, what="nothing is left")
    await consumer.stop()


async def test_a_pattern_hears_topics_created_later_too(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(f"here.{topic}")
    await bus.create_topic(f"here.{topic}.not")
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (f"*.{topic}",)), inbox)
    await consumer.start()
    await bus.create_topic(f"later.{topic}", partitions=2)
    for name in (f"here.{topic}", f"later.{topic}", f"here.{topic}.not"):
        await writer.publish([record(name, name.encode())])
    await until(lambda: len(inbox.records) == 2, what="both topics are heard")
    await consumer.stop()
    assert {each.topic for each in inbox.records} == {f"here.{topic}", f"later.{topic}"}


async def test_a_compacted_topic_keeps_the_newest_of_each_key_and_a_null_value_erases(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, compacted=True)
    live, late = Inbox(), Inbox()
    consumer = reader.consumer(Subscription(f"{group}.live", (topic,)), live)
    await consumer.start()
    await writer.publish([record(topic, b"a1", key=b"a"), record(topic, b"b1", key=b"b")])
    await until(lambda: len(live.records) == 2, what="the first two have arrived")
    await writer.publish([record(topic, b"a2", key=b"a"), record(topic, b"a3", key=b"a")])
    await writer.publish([record(topic, None, key=b"b")])
    await until(lambda: (b"b", None) in _pairs(live), what="the erasure has arrived")
    await consumer.stop()
    assert (b"a", b"a3") in _pairs(live)
    assert consumer.failure() is None
    consumer = reader.consumer(Subscription(group, (topic,)), late)
    await consumer.start()
    await until(lambda: (b"b", None) in _pairs(late), what="who comes late has read all")
    await consumer.stop()
    # A bus may compact some time after; who comes late must end with the newest all the same.
    assert dict(_pairs(late)) == {b"a": b"a3", b"b": None}
    assert consumer.failure() is None


def _pairs(inbox: Inbox) -> list[tuple[bytes | None, bytes | None]]:
    return [(each.key, each.value) for each in inbox.records]


async def test_a_subscription_to_a_missing_topic_is_refused(
    reader: Transport, topic: str, group: str
) -> None:
    with pytest.raises(TopicMismatchError):
        await reader.consumer(Subscription(group, (topic,)), Inbox()).start()


async def test_who_may_not_read_a_topic_is_refused(
    bus: Bus, writer: Transport, open_transport: OpenTransport, topic: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, b"secret")])
    inbox = Inbox()
    stranger = await open_transport(STRANGER)
    consumer = stranger.consumer(Subscription(f"{STRANGER}.curious", (topic,)), inbox)
    with pytest.raises(TransportForbiddenError):
        await consumer.start()
    await consumer.stop()
    assert inbox.records == []


async def test_who_joins_a_group_of_somebody_else_is_refused(
    bus: Bus, open_transport: OpenTransport, topic: str
) -> None:
    await bus.create_topic(topic, readers=(READER, STRANGER))
    stranger = await open_transport(STRANGER)
    with pytest.raises(TransportForbiddenError):
        await stranger.consumer(Subscription(f"{READER}.facts", (topic,)), Inbox()).start()
