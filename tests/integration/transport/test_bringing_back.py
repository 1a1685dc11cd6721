"""What a bus lost stops who hears it, and comes back from what the publisher kept: once."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from shared.messaging import heard_topics, outbox
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.transport import (
    GroupBusyError,
    OffsetGapError,
    Position,
    Subscription,
    TopicMismatchError,
    Transport,
)
from shared.messaging.work import Hears
from shared.observability.metrics import Metrics
from tests.support.buses import Bus
from tests.support.evidence import shown
from tests.support.messaging import (
    HASTY,
    NOON,
    TOPIC,
    Bookkeeper,
    World,
    cvrs,
    joined,
    open_world,
    publish,
    seen,
)
from tests.support.postgres import DatabaseFactory
from tests.support.waiting import until

COMPANIES = cvrs(20)


@dataclass
class Stage:
    """Membership tells through its relay, bonus hears, on the bus under test."""

    world: World
    bus: Bus
    writer: Transport
    reader: Transport
    stack: AsyncExitStack
    hears: Hears
    metrics: Metrics = field(default_factory=Metrics)
    """Bonus's."""

    async def open_topic(self) -> None:
        await self.bus.create_topic(TOPIC, partitions=3)

    async def tell(self, companies: Sequence[str]) -> None:
        await publish(self.world, [joined(cvr) for cvr in companies])
        await until(self._all_sent, what="the relay has sent all")

    async def tell_again(self) -> None:
        async with self.world.membership.transaction() as connection:
            assert await outbox.republish(connection, "membership", since=NOON) == len(COMPANIES)
        await until(self._all_sent, what="the relay has sent all again")

    async def hear(self) -> Consumer:
        consumer = Consumer(
            "bonus",
            self.hears,
            database=self.world.bonus,
            transport=self.reader,
            clock=self.world.clock,
            metrics=self.metrics,
            policy=HASTY,
        )
        self.stack.push_async_callback(consumer.stop)
        await consumer.start()
        return consumer

    async def begin_anew(self, consumer: Consumer) -> None:
        """What `sammen rewind` does."""
        await self.reader.rewind(consumer.name, TOPIC)
        identities = await self.reader.identify([TOPIC])
        async with self.world.bonus.transaction() as connection:
            await heard_topics.accept(connection, consumer.name, TOPIC, identities[TOPIC])

    async def heard(self) -> list[str]:
        return [each.cvr for each in await seen(self.world.bonus)]

    def has_heard(self, number: int) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            return len(await self.heard()) >= number

        return check

    def duplicates(self) -> float:
        return shown(self.metrics, "sammen_inbox_duplicates_total", service="bonus")

    async def _all_sent(self) -> bool:
        async with self.world.membership.connection() as connection:
            return (await outbox.count_waiting(connection)).rows == 0


@pytest.fixture
async def stage(
    bus: Bus, writer: Transport, reader: Transport, database_factory: DatabaseFactory
) -> AsyncIterator[Stage]:
    async with open_world(database_factory) as world, AsyncExitStack() as stack:
        stage = Stage(
            world, bus, writer, reader, stack, Bookkeeper().hears(f"x{secrets.token_hex(6)}")
        )
        await stage.open_topic()
        relay = Relay(
            "membership",
            database=world.membership,
            transport=writer,
            clock=world.clock,
            metrics=Metrics(),
            policy=HASTY,
        )
        await relay.start()
        stack.push_async_callback(relay.stop)
        yield stage
        await stack.aclose()
        await bus.delete_topic(TOPIC)


async def _all_is_back_once(stage: Stage, consumer: Consumer) -> None:
    await stage.tell_again()
    await stage.begin_anew(consumer)
    again = await stage.hear()
    await until(stage.has_heard(len(COMPANIES)), what="all is back")
    # What is decided is counted a moment later, and committed then.
    await until(_has_no_lag(again), what="all of it is counted")
    known = stage.duplicates()
    await stage.tell_again()
    await until(
        lambda: stage.duplicates() == known + len(COMPANIES), what="all was heard once more"
    )
    assert Counter(await stage.heard()) == Counter(COMPANIES)


async def test_a_topic_made_anew_while_nobody_heard_it_is_not_taken_for_the_old_one(
    stage: Stage,
) -> None:
    await stage.tell(COMPANIES[:12])
    consumer = await stage.hear()
    await until(stage.has_heard(12), what="the first are heard")
    await consumer.stop()
    await stage.tell(COMPANIES[12:])
    await stage.bus.delete_topic(TOPIC)
    await stage.open_topic()
    with pytest.raises(OffsetGapError, match=f"{TOPIC}.*sammen rewind {consumer.name}"):
        await stage.hear()
    await _all_is_back_once(stage, consumer)


async def test_a_topic_deleted_stops_who_hears_it(stage: Stage) -> None:
    await stage.tell(COMPANIES[:12])
    consumer = await stage.hear()
    await until(stage.has_heard(12), what="the first are heard")
    await stage.bus.delete_topic(TOPIC)
    await until(lambda: consumer.failure() is not None, what="the loss is noticed")
    with pytest.raises((TopicMismatchError, OffsetGapError), match=TOPIC):
        raise consumer.failure() or AssertionError("no failure")
    await stage.open_topic()
    await stage.tell(COMPANIES[12:])
    await _all_is_back_once(stage, consumer)


async def test_records_that_retention_took_come_back(stage: Stage) -> None:
    await stage.tell(COMPANIES[:12])
    consumer = await stage.hear()
    await until(stage.has_heard(12), what="the first are heard")
    await consumer.stop()
    await stage.tell(COMPANIES[12:])
    for (topic, partition), end in (await _ends(stage)).items():
        await stage.bus.delete_records(topic, partition=partition, before=end)
    stopped = await stage.hear()
    await until(lambda: stopped.failure() is not None, what="the gap is noticed")
    assert isinstance(stopped.failure(), OffsetGapError)
    await stopped.stop()
    await _all_is_back_once(stage, consumer)


async def test_a_group_with_members_does_not_begin_anew(stage: Stage) -> None:
    consumer = await stage.hear()
    await until(_holds_all(consumer), what="it is a member")
    with pytest.raises(GroupBusyError, match="stop its service"):
        await stage.reader.rewind(consumer.name, TOPIC)


def _holds_all(consumer: Consumer) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return len((await consumer.progress()).positions) == 3

    return check


def _has_no_lag(consumer: Consumer) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        progress = await consumer.progress()
        return len(progress.positions) == 3 and progress.lag == 0

    return check


async def _ends(stage: Stage) -> dict[tuple[str, int], int]:
    """Where each partition ends, as somebody sees who has never heard the topic."""

    async def ignore(_: object) -> None: ...

    stranger = stage.reader.consumer(Subscription("bonus.looking", (TOPIC,)), ignore)
    await stranger.start()
    try:
        positions: dict[tuple[str, int], Position] = {}

        async def all_there() -> bool:
            positions.update(await stranger.positions())
            return sum(place.end_offset for place in positions.values()) == len(COMPANIES)

        await until(all_there, what="all lie on the bus")
        return {place: position.end_offset for place, position in positions.items()}
    finally:
        await stranger.stop()
