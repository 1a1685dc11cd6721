"""Members of a group share partitions, hand them over between batches, and outlive each other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from shared.messaging.transport import (
    Record,
    Subscription,
    Transport,
    TransportConsumer,
    TransportUnavailableError,
)
from tests.support.buses import READER, SESSION_SECONDS, Bus, Inbox, record
from tests.support.member import member_process
from tests.support.waiting import until


def holds(consumer: TransportConsumer, partitions: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        try:
            return len(await consumer.positions()) == partitions
        except TransportUnavailableError:
            return False  # the group is still making up its mind

    return check


async def test_two_members_share_the_partitions_and_the_one_left_takes_all(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=4)
    inboxes = (Inbox(), Inbox())
    first, second = (reader.consumer(Subscription(group, (topic,)), inbox) for inbox in inboxes)
    await first.start()
    await until(holds(first, 4), what="the only member holds all")
    await second.start()
    await until(holds(first, 2), what="the first holds half")
    await until(holds(second, 2), what="the second holds half")
    values = [str(number).encode() for number in range(40)]
    await writer.publish([record(topic, value, key=value) for value in values])
    await until(lambda: sum(len(each.records) for each in inboxes) == 40, what="all have arrived")
    assert all(inbox.records for inbox in inboxes)
    await first.stop()
    await until(holds(second, 4), what="the one left holds all")
    await second.stop()
    assert Counter(inboxes[0].values + inboxes[1].values) == Counter(values)


async def test_a_partition_is_handed_over_only_when_its_batch_is_done(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=2)
    values = [str(number).encode() for number in range(20)]
    await writer.publish([record(topic, value, key=value) for value in values])
    busy, fresh = Inbox(), Inbox()
    busy.may_return.clear()
    first = reader.consumer(Subscription(group, (topic,), batch_records_max=1000), busy)
    second = reader.consumer(Subscription(group, (topic,), batch_records_max=1000), fresh)
    await first.start()
    await busy.entered.wait()
    await second.start()
    # Longer than a session: being slow must not cost it.
    await asyncio.sleep(1.5 * SESSION_SECONDS)
    assert fresh.records == []
    more = [str(number).encode() for number in range(20, 40)]
    await writer.publish([record(topic, value, key=value) for value in more])
    busy.may_return.set()
    await until(lambda: len(busy.records) + len(fresh.records) == 40, what="all have arrived")
    await until(holds(second, 1), what="one partition has moved")
    await first.stop()
    await second.stop()
    assert Counter(busy.values + fresh.values) == Counter(values + more)


async def test_what_waits_behind_a_batch_is_left_to_whoever_is_given_its_partition(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=2)
    values = [str(number).encode() for number in range(20)]
    await writer.publish([record(topic, value, key=value) for value in values])
    begun: list[bytes | None] = []
    gates = [asyncio.Event(), asyncio.Event()]

    async def handle(records: Sequence[Record]) -> None:
        begun.append(records[0].value)
        if len(begun) <= len(gates):
            await gates[len(begun) - 1].wait()

    fresh = Inbox()
    first = reader.consumer(Subscription(group, (topic,), batch_records_max=1), handle)
    second = reader.consumer(Subscription(group, (topic,), batch_records_max=1), fresh)
    await first.start()
    await until(lambda: len(begun) == 1, what="the first batch is in flight")
    await second.start()
    await asyncio.sleep(1.5 * SESSION_SECONDS)
    # A batch that begins now is in flight while the partitions move.
    gates[0].set()
    await until(lambda: len(fresh.records) > 0, what="a partition has moved")
    gates[1].set()
    await until(lambda: len(begun) + len(fresh.records) >= 20, what="all have arrived")
    await first.stop()
    await second.stop()
    assert Counter(begun + fresh.values) == Counter(values)


async def test_a_member_killed_before_its_offset_was_committed_is_replaced(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, str(number).encode()) for number in range(5)])
    async with member_process(bus.address(READER), group, topic, batch_records_max=2) as member:
        assert await member.next_batch() == ["0", "1"]
        await member.let_handler_return()
        # The handler of the second batch has begun: the first batch's offset is committed.
        assert await member.next_batch() == ["2", "3"]
        member.signal(signal.SIGKILL)
        await member.process.wait()
        inbox = Inbox()
        consumer = reader.consumer(Subscription(group, (topic,)), inbox)
        await consumer.start()
        await until(lambda: len(inbox.records) == 3, what="the rest has arrived")
        await consumer.stop()
    assert inbox.values == [b"2", b"3", b"4"]


async def test_a_member_that_was_away_too_long_cannot_commit(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, str(number).encode()) for number in range(3)])
    async with member_process(bus.address(READER), group, topic, batch_records_max=2) as member:
        assert await member.next_batch() == ["0", "1"]
        member.signal(signal.SIGSTOP)
        successor = Inbox()
        successor.may_return.clear()
        second = reader.consumer(Subscription(group, (topic,), batch_records_max=2), successor)
        await second.start()
        await until(lambda: bool(successor.records), what="the successor has the same batch")
        member.signal(signal.SIGCONT)
        await member.let_handler_return()
        # The late one has been refused before the successor fails: once nobody holds the batch,
        # brokers take the offsets from it, and rightly, as its handler has returned.
        # The successor fails without having committed: had the late one, nothing came again.
        successor.error = ValueError("dies too")
        successor.may_return.set()
        await until(lambda: second.failure() is not None, what="the successor has failed")
        await second.stop()
        assert await member.next_batch() == ["0", "1"]
        await member.let_handler_return()
        assert await member.next_batch() == ["2"]
        await member.let_handler_return()
    assert successor.values == [b"0", b"1"]


async def test_members_that_come_and_go_under_load_lose_nothing_and_keep_the_order(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=6)
    handled: list[tuple[bytes | None, int]] = []
    told, enough = 0, asyncio.Event()

    def member() -> tuple[TransportConsumer, Inbox]:
        inbox = Inbox()

        async def handle(batch: object) -> None:
            assert isinstance(batch, list)
            await asyncio.sleep(0.005)
            await inbox(batch)
            handled.extend((each.key, int(each.value or b"")) for each in batch)

        return reader.consumer(Subscription(group, (topic,), batch_records_max=20), handle), inbox

    async def publish() -> None:
        nonlocal told
        while not enough.is_set():
            numbers = range(told, told + 20)
            await writer.publish(
                [record(topic, b"%d" % each, key=b"%d" % (each % 30)) for each in numbers]
            )
            told += 20
            await asyncio.sleep(0.02)

    steady, _ = member()
    await steady.start()
    publishing = asyncio.create_task(publish())
    for _ in range(4):
        guest, inbox = member()
        await guest.start()
        await until(lambda inbox=inbox: len(inbox.batches) > 1, what="the guest has its share")
        await guest.stop()
    assert not publishing.done()
    enough.set()
    await publishing
    await until(lambda: len(handled) >= told, what="all have arrived")
    await steady.stop()
    assert steady.failure() is None
    # Everybody left in good order, so nothing came twice either.
    assert Counter(number for _, number in handled) == Counter(range(told))
    for key in {key for key, _ in handled}:
        of_key = [number for each, number in handled if each == key]
        assert of_key == sorted(of_key)


async def test_a_member_that_ends_with_its_process_leaves_in_order(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    await writer.publish([record(topic, b"1")])
    async with member_process(bus.address(READER), group, topic, batch_records_max=9) as member:
        assert await member.next_batch() == ["1"]
        await member.let_handler_return()
        assert member.process.stdin is not None
        await writer.publish([record(topic, b"2")])
        assert await member.next_batch() == ["2"]
        member.process.stdin.close()
        assert await member.process.wait() == os.EX_OK
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await writer.publish([record(topic, b"3")])
    await until(lambda: bool(inbox.records), what="the third has arrived")
    await consumer.stop()
    assert inbox.values == [b"3"]
