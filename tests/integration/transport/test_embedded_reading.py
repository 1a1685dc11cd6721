"""How the embedded bus fills a batch, what it never puts into one, and what it keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from shared.messaging.transport import OffsetGapError, Subscription, Transport
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.transports import EmbeddedBus, open_address
from tests.support.waiting import until


class Ends(NamedTuple):
    """Both ends of the embedded bus."""

    writer: Transport
    reader: Transport


@pytest.fixture
async def ends(embedded: EmbeddedBus) -> AsyncIterator[Ends]:
    ends = Ends(*(open_address(embedded.address(each)) for each in (WRITER, READER)))
    for transport in ends:
        await transport.start()
    yield ends
    for transport in ends:
        await transport.close()


@pytest.mark.parametrize(
    ("lags", "shares"), [((500, 5, 40), [55, 5, 40]), ((500, 60, 70), [33, 34, 33])]
)
async def test_one_long_partition_does_not_keep_the_others_waiting(
    embedded: EmbeddedBus,
    ends: Ends,
    topic: str,
    group: str,
    lags: tuple[int, ...],
    shares: list[int],
) -> None:
    await embedded.create_topic(topic, partitions=3)
    # Three keys that Kafka's partitioner puts in three partitions.
    keys = (b"a", b"f", b"b")
    for key, records in zip(keys, lags, strict=True):
        await ends.writer.publish([record(topic, key=key)] * records)
    inbox = Inbox()
    consumer = ends.reader.consumer(Subscription(group, (topic,), batch_records_max=100), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == sum(lags), what="all have arrived")
    await consumer.stop()
    first = [each.key for each in inbox.batches[0]]
    assert [first.count(key) for key in keys] == shares


async def test_a_batch_of_large_records_holds_fewer_and_each_partition_has_one_at_least(
    embedded: EmbeddedBus, ends: Ends, topic: str, group: str
) -> None:
    mebibyte = 1024 * 1024
    await embedded.create_topic(topic, partitions=3, maximum_bytes=10 * mebibyte)
    for key in (b"a", b"f", b"b"):
        for number in range(2):
            value = b"%d" % number + b"x" * (9 * mebibyte)
            await ends.writer.publish([record(topic, value, key=key)])
    inbox = Inbox()
    consumer = ends.reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 6, what="all have arrived")
    await consumer.stop()
    assert [[each.partition for each in batch] for batch in inbox.batches] == [[0, 1, 2]] * 2
    assert [(value or b"")[:1] for value in inbox.values] == [b"0"] * 3 + [b"1"] * 3


async def test_a_hole_in_the_midst_is_reached_and_never_crossed(
    embedded: EmbeddedBus, ends: Ends, topic: str, group: str
) -> None:
    await embedded.create_topic(topic)
    await ends.writer.publish([record(topic, b"%d" % number) for number in range(5)])
    await embedded.as_superuser(
        "DELETE FROM bus.record USING bus.topic "
        "WHERE record.topic_id = topic.topic_id AND topic.name = $1 AND record_offset = 2",
        topic,
    )
    inbox = Inbox()
    consumer = ends.reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: consumer.failure() is not None, what="the hole is noticed")
    await consumer.stop()
    assert inbox.values == [b"0", b"1"]
    assert isinstance(consumer.failure(), OffsetGapError)


async def test_a_topic_deleted_while_it_is_heard_ends_delivery(
    embedded: EmbeddedBus, ends: Ends, topic: str, group: str
) -> None:
    await embedded.create_topic(topic)
    inbox = Inbox()
    consumer = ends.reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await ends.writer.publish([record(topic)])
    await until(lambda: bool(inbox.records), what="the first has arrived")
    await embedded.delete_topic(topic)
    await until(lambda: consumer.failure() is not None, what="it is noticed")
    await consumer.stop()
    assert topic in str(consumer.failure())


async def test_compaction_happens_while_appending(
    embedded: EmbeddedBus, ends: Ends, topic: str
) -> None:
    await embedded.create_topic(topic, compacted=True)
    for values in ((b"1", b"2"), (b"3", None), (b"4",)):
        await ends.writer.publish([record(topic, value, key=b"a") for value in values])
    await ends.writer.publish([record(topic, b"5", key=b"b")])
    rows = await embedded.as_superuser(
        "SELECT record_offset, record.key, value FROM bus.record "
        "JOIN bus.topic USING (topic_id) WHERE name = $1 ORDER BY record_offset",
        topic,
    )
    assert [tuple(row) for row in rows] == [(4, b"a", b"4"), (5, b"b", b"5")]


async def test_closing_a_transport_cuts_its_consumers_off(
    embedded: EmbeddedBus, ends: Ends, topic: str, group: str
) -> None:
    await embedded.create_topic(topic)
    await ends.writer.publish([record(topic, b"1")])
    stuck, inbox = Inbox(), Inbox()
    stuck.may_return.clear()
    doomed = open_address(embedded.address(READER))
    await doomed.start()
    consumer = doomed.consumer(Subscription(group, (topic,)), stuck)
    await consumer.start()
    await stuck.entered.wait()
    await doomed.close()
    await doomed.close()
    await consumer.stop()
    consumer = ends.reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: bool(inbox.records), what="the batch has come again")
    await consumer.stop()
    assert inbox.values == [b"1"]


@pytest.mark.parametrize("records_in_the_new_topic", [0, 1, 5])
async def test_a_topic_created_anew_is_not_mistaken_for_the_old_one(
    embedded: EmbeddedBus,
    ends: Ends,
    topic: str,
    group: str,
    records_in_the_new_topic: int,
) -> None:
    await embedded.create_topic(topic)
    await _read_two(ends, topic, group)
    await embedded.delete_topic(topic)
    await embedded.create_topic(topic)
    await ends.writer.publish([record(topic, b"new")] * records_in_the_new_topic)
    inbox = Inbox()
    consumer = ends.reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: consumer.failure() is not None, what="the other topic is noticed")
    await consumer.stop()
    assert inbox.records == []
    assert isinstance(consumer.failure(), OffsetGapError)


async def _read_two(ends: Ends, topic: str, group: str) -> None:
    await ends.writer.publish([record(topic, b"0"), record(topic, b"1")])
    inbox = Inbox()
    consumer = ends.reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 2, what="two are read")
    await consumer.stop()
