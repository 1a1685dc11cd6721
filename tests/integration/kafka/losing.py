"""Losing what was decided, or what the brokers held: what the tests about either share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from shared.database import Database
from shared.messaging import outbox
from shared.messaging.consumer import Consumer
from shared.messaging.kafka.shell import SessionTimes
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import OffsetGapError
from tests.integration.kafka.line import COMPANIES, PARTITIONS, Line
from tests.support.buses import READER
from tests.support.kafka_bus import LOOK_SECONDS, TIMES
from tests.support.kafka_cluster import asking_for_offsets
from tests.support.messaging import TOPIC, publish, seen, updated
from tests.support.waiting import until

DECIDED = ("seen", "inbox", "decided_offset", "heard_topic")
"""The tables that bonus writes when it decides."""


async def keep(owner: Database) -> None:
    """Take a copy of what is decided."""
    async with owner.transaction() as connection:
        for table in DECIDED:
            await connection.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")


async def set_back(owner: Database) -> None:
    """Put the copy in the place of what is decided, as a restored backup does."""
    async with owner.transaction() as connection:
        for table in DECIDED:
            await connection.execute(f"TRUNCATE {table}")
            await connection.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}"  # noqa: S608
            )


async def ends(line: Line) -> list[TopicPartition]:
    """Each partition with the offset its next record will have."""
    async with asking_for_offsets(line.bus.access(READER)) as offsets:
        found = await offsets.ends([(TOPIC, number) for number in range(PARTITIONS)])
    return [TopicPartition(*place, offset) for place, offset in found.items()]


async def remove_all(line: Line) -> None:
    """What retention does to records nobody has heard for too long."""
    for end in await ends(line):
        await line.bus.delete_records(TOPIC, partition=end.partition, before=end.offset)


async def move_group(line: Line, group: str, *, beyond_the_end: int = 0) -> None:
    """What `kafka-consumer-groups --reset-offsets` does, to where each partition ends or so many
    offsets beyond it; one that holds nothing is left alone.
    """
    places = [
        TopicPartition(TOPIC, p.partition, p.offset + beyond_the_end) for p in await ends(line)
    ]
    change = ConsumerGroupTopicPartitions(
        group, [each for each in places if each.offset != beyond_the_end]
    )
    for answer in line.bus.admin.alter_consumer_group_offsets([change]).values():
        assert all(each.error is None for each in answer.result().topic_partitions)


async def tell(line: Line, days: Iterable[int]) -> None:
    """Something about every company on each of the days of March, all of it on the bus."""
    for day in days:
        await publish(line.world, [updated(cvr, day) for cvr in COMPANIES])

    async def all_sent() -> bool:
        async with line.world.membership.connection() as connection:
            return (await outbox.count_waiting(connection)).rows == 0

    await until(all_sent, what="the relay has sent all")


async def all_decided(line: Line, days: Iterable[int]) -> None:
    """Wait until all of these days are decided: each once, in order for every company."""
    expected = {cvr: [str(day) for day in days] for cvr in COMPANIES}

    async def agrees() -> bool:
        by_company: dict[str, list[str]] = {cvr: [] for cvr in COMPANIES}
        for row in await seen(line.world.bonus):
            by_company[row.cvr].append(row.detail)
        return by_company == expected

    await until(agrees, what="all is decided once and in order")


async def open_reader(
    line: Line, *, times: SessionTimes = TIMES, look_seconds: float = LOOK_SECONDS
) -> KafkaTransport:
    """Bonus's way to the brokers, with other times than the line's."""
    reader = KafkaTransport(line.bus.access(READER), times=times, look_seconds=look_seconds)
    await reader.start()
    line.stack.push_async_callback(reader.close)
    return reader


async def decided(line: Line, *days: int) -> Consumer:
    """A member that has decided these days."""
    consumer = await line.add_consumer()
    await tell(line, days)
    await all_decided(line, days)
    return consumer


async def stops_for_a_gap(consumer: Consumer) -> None:
    """The member says that records are gone, and passes nothing over."""
    await until(lambda: consumer.failure() is not None, what="it stops")
    assert isinstance(consumer.failure(), OffsetGapError)


def has_no_lag(consumer: Consumer) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        progress = await consumer.progress()
        return len(progress.positions) == PARTITIONS and progress.lag == 0

    return check
