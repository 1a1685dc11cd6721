"""How far a consumer has decided stands with the decisions, and is believed before the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from shared.messaging import heard_topics
from shared.messaging.consumer import Consumer
from shared.messaging.decided_offsets import DecidedOffsets, waited_for
from shared.messaging.transport import (
    DecisionsLostError,
    OutgoingRecord,
    Record,
    TransportUnavailableError,
)
from tests.integration.messaging.conftest import UNDECIDABLE, Desk, consumer_at_work
from tests.support.messaging import (
    TOPIC,
    Log,
    World,
    cvrs,
    joined,
    of_unknown_type,
    open_database,
    seen,
)
from tests.support.waiting import until

GROUP = "bonus.companies"
PLACE = (TOPIC, 0)


@pytest.fixture
def offsets(world: World) -> DecidedOffsets:
    return DecidedOffsets(world.bonus, GROUP)


async def hear_first(world: World) -> None:
    async with world.bonus.transaction() as connection:
        await heard_topics.accept(connection, GROUP, TOPIC, "the only one")


async def move(world: World, offsets: DecidedOffsets, *records: Record) -> None:
    async with world.bonus.transaction() as connection:
        moved = await offsets.move(connection, records)
    offsets.noted(moved)


async def whence(desk: Desk) -> int | None:
    assert desk.bus.whence is not None
    return (await desk.bus.whence({PLACE: None}))[PLACE]


async def test_a_topic_heard_from_the_first_begins_with_what_there_is(
    world: World, offsets: DecidedOffsets
) -> None:
    assert await offsets.whence({PLACE: None}) == {PLACE: None}
    await hear_first(world)
    assert await offsets.whence({PLACE: None}) == {PLACE: None}


async def test_of_a_topic_heard_before_offsets_were_kept_nothing_can_be_said(
    world: World, offsets: DecidedOffsets
) -> None:
    """A release before this one wrote such rows, and may still do so beside this one."""
    async with world.bonus.transaction() as connection:
        await connection.execute(
            "INSERT INTO heard_topic (consumer, topic, identity) VALUES ($1, $2, 'it')",
            GROUP,
            TOPIC,
        )
    assert await offsets.whence({PLACE: None}) == {}
    record = Log().raw(b"1")
    await move(world, offsets, record)
    async with world.bonus.transaction() as connection:
        await connection.execute("DELETE FROM decided_offset")
    assert await offsets.whence({PLACE: None}) == {PLACE: None}, "it was said once"


async def test_what_the_bus_says_is_kept_where_an_older_release_heard_the_topic(
    world: World, offsets: DecidedOffsets
) -> None:
    await hear_first(world)
    assert await offsets.whence({PLACE: 3}) == {PLACE: None}, "heard from the first: all counts"
    async with world.bonus.transaction() as connection:
        await connection.execute("UPDATE heard_topic SET from_the_first = false")
    assert await offsets.whence({PLACE: 3}) == {}
    assert await offsets.whence({PLACE: 4}) == {PLACE: 3}, "believed once"


async def test_less_than_was_told_at_the_beginning_is_missed_by_the_first_batch(
    world: World, offsets: DecidedOffsets
) -> None:
    await hear_first(world)
    log = Log()
    await move(world, DecidedOffsets(world.bonus, GROUP), log.raw(b"1"), log.raw(b"2"))
    assert await offsets.whence({PLACE: None}) == {PLACE: 2}
    async with world.bonus.transaction() as connection:
        await connection.execute("DELETE FROM decided_offset")
    assert await offsets.whence({PLACE: None}) == {PLACE: None}
    with pytest.raises(DecisionsLostError):
        await move(world, offsets, log.raw(b"3"))


async def test_a_late_transaction_of_a_member_that_was_replaced_takes_nothing_back(
    world: World, offsets: DecidedOffsets
) -> None:
    await hear_first(world)
    first, second = (Log().raw(b"1"), Log(topic=TOPIC).raw(b"2"))
    second.offset = 7
    await move(world, offsets, first, second)
    await move(world, DecidedOffsets(world.bonus, GROUP), first)
    assert await offsets.whence({PLACE: None}) == {PLACE: 8}


async def test_less_than_was_seen_is_told_once_and_forgotten(
    world: World, offsets: DecidedOffsets
) -> None:
    await hear_first(world)
    log = Log()
    await move(world, offsets, log.raw(b"1"), log.raw(b"2"))
    async with world.bonus.transaction() as connection:
        await connection.execute("UPDATE decided_offset SET next_offset = 1")
    third = log.raw(b"3")
    with pytest.raises(DecisionsLostError, match="offset 2, and its database knows of 1"):
        await move(world, offsets, third)
    assert await offsets.whence({PLACE: None}) == {PLACE: 1}
    await move(world, offsets, third)
    assert await offsets.whence({PLACE: None}) == {PLACE: 3}


async def test_a_database_that_is_away_is_waited_for(world: World, offsets: DecidedOffsets) -> None:
    await world.bonus.close()
    with (
        pytest.raises(TransportUnavailableError, match="stands in its database"),
        waited_for(GROUP),
    ):
        await offsets.whence({PLACE: None})


async def test_whatever_becomes_of_records_they_count_as_decided(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    await desk.deliver(log.record(joined(company)))
    assert await whence(desk) == 1
    await desk.deliver(log.raw(b"no event at all"), of_unknown_type(log.record(joined(company))))
    assert await whence(desk) == 3
    desk.bookkeeper.stumbles[company] = UNDECIDABLE
    await desk.deliver(*(log.record(joined(cvr)) for cvr in cvrs(5)))
    assert await whence(desk) == 8


async def test_a_batch_that_is_not_decided_does_not_count(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    await desk.deliver(log.record(joined(company)))
    desk.bookkeeper.before = _fail
    with pytest.raises(asyncio.CancelledError):
        await desk.deliver(log.record(joined(cvrs(2)[1])))
    assert await whence(desk) == 1


async def _fail(_events: object) -> None:
    raise asyncio.CancelledError


async def test_offsets_beside_the_decisions_go_back_with_them(world: World) -> None:
    """The embedded bus: one database, restored as a whole under a consumer that runs."""
    log = Log()
    first, second = (
        [log.record(joined(cvr)) for cvr in companies] for companies in (cvrs(6)[:3], cvrs(6)[3:])
    )
    async with consumer_at_work(world) as consumer, world.bus("membership") as told:
        await told.publish([_outgoing(record) for record in first])
        await until(_has_seen(world, 3), what="the first are decided")
        await until(_has_committed(consumer, 3), what="their offsets are beside them")
        await _set_back(world)
        await told.publish([_outgoing(record) for record in second])
        await until(_has_seen(world, 6), what="all are decided")
        assert consumer.failure() is None


def _outgoing(record: Record) -> OutgoingRecord:
    return OutgoingRecord(record.topic, record.key, record.value, record.headers)


async def _set_back(world: World) -> None:
    async with AsyncExitStack() as stack:
        owner = await open_database(stack, world.database.superuser_url, "bonus")
        async with owner.transaction() as connection:
            for table in ("seen", "inbox", "decided_offset"):
                await connection.execute(f"TRUNCATE {table}")
            await connection.execute("UPDATE bus.progress SET next_offset = 0")


def _has_seen(world: World, number: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return len(await seen(world.bonus)) == number

    return check


def _has_committed(consumer: Consumer, number: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        positions = (await consumer.progress()).positions
        return sum(each.next_offset for each in positions.values()) == number

    return check
