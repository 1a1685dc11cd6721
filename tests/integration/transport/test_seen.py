"""What can be seen of a member: its own steps of every batch, and how often its group was moved."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextvars import copy_context

from shared.messaging.steps import Steps
from shared.messaging.transport import Record, Subscription, Transport
from shared.observability.catalogue import BatchStep
from tests.support.buses import Bus, Inbox, record
from tests.support.waiting import until


class Told:
    """The seconds of each step, and how often it ended."""

    def __init__(self) -> None:
        self.seconds: Counter[BatchStep] = Counter()
        self.times: Counter[BatchStep] = Counter()
        self.steps = Steps(self._tell)

    def _tell(self, step: BatchStep, seconds: float) -> None:
        self.seconds[step] += seconds  # type: ignore[assignment] # a counter may hold any number
        self.times[step] += 1


async def test_a_member_tells_how_long_it_fetched_and_committed(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    told, inbox = Told(), Inbox()
    # More than one batch: what there is to fetch is known once the first has arrived.
    await writer.publish([record(topic, str(number).encode()) for number in range(20)])
    consumer = reader.consumer(Subscription(group, (topic,), 5), inbox, told.steps)
    await consumer.start()
    await until(lambda: len(inbox.records) == 20, what="all have arrived")
    # A lone record, so that the last but one batch's steps have ended.
    await asyncio.sleep(0.5)
    await writer.publish([record(topic, b"last")])
    await until(lambda: len(inbox.records) == 21, what="the last has arrived")
    await consumer.stop()
    assert told.times["offsets"] >= 4
    assert told.times["fetch"] >= 3
    assert told.seconds["offsets"] > 0
    assert told.seconds["fetch"] > 0


async def test_waiting_for_nothing_is_no_step(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic)
    told, inbox = Told(), Inbox()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox, told.steps)
    await consumer.start()
    for number in range(2):
        await asyncio.sleep(2)
        await writer.publish([record(topic, str(number).encode())])
        await until(lambda: len(inbox.records) == number + 1, what="it has arrived")  # noqa: B023 # awaited here
    await consumer.stop()
    assert sum(told.seconds.values()) < 1


async def test_each_member_sees_that_partitions_are_given_out(
    bus: Bus, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=4)
    first, second = (reader.consumer(Subscription(group, (topic,)), Inbox()) for _ in range(2))
    assert first.rebalances() == 0
    await first.start()
    await until(lambda: first.rebalances() >= 1, what="the first was given partitions")
    alone = first.rebalances()
    await second.start()
    await until(lambda: second.rebalances() >= 1, what="the second was given partitions")
    await until(lambda: first.rebalances() > alone, what="the first saw that it shares them")
    shared = first.rebalances()
    await second.stop()
    await until(lambda: first.rebalances() > shared, what="the first saw that it has all again")
    await first.stop()


async def test_a_handler_sees_no_context_that_holds_its_batch(
    bus: Bus, writer: Transport, reader: Transport, topic: str, group: str
) -> None:
    # asyncpg keeps the context in which a statement was prepared for as long as the statement.
    await bus.create_topic(topic)
    seen: list[str] = []
    before = copy_context()
    heard = asyncio.Event()

    async def handle(_batch: Sequence[Record]) -> None:
        seen.extend(each.name for each in copy_context() if each not in before)
        heard.set()

    consumer = reader.consumer(Subscription(group, (topic,)), handle)
    await consumer.start()
    await writer.publish([record(topic)])
    async with asyncio.timeout(30):
        await heard.wait()
    await consumer.stop()
    assert seen == []
