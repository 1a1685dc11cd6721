from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from shared.contracts.envelope import Decoded, Tombstone, decode
from shared.contracts.membership import ContactRecorded
from shared.database import Fault, fault_of
from shared.messaging import outbox
from shared.messaging.outbox import EventNotKeptError, StoredRow
from shared.messaging.work import Cause, begin_work
from tests.support.messaging import NOON, StandingClock, World, count_rows, cvrs, joined, publish


async def unpublished(world: World) -> list[StoredRow]:
    async with world.membership.connection() as connection:
        return await outbox.list_unpublished(connection, limit=100)


async def test_what_is_published_is_kept_with_the_work_that_commits(world: World) -> None:
    companies = cvrs(3)
    event_ids = await publish(world, [joined(cvr) for cvr in companies])

    rows = await unpublished(world)
    assert [row.event_id for row in rows] == event_ids
    first = rows[0]
    seen = decode(topic=first.topic, key=first.key, value=first.value, headers=first.headers)
    assert isinstance(seen, Decoded)
    assert (seen.event, seen.envelope.time) == (joined(companies[0]), NOON)
    assert seen.envelope.correlation_id == event_ids[0]


async def test_what_is_published_is_gone_with_the_work_that_fails(world: World) -> None:
    async def fail() -> None:
        async with begin_work(world.membership, world.clock, service="membership") as work:
            work.publish(joined(cvrs(1)[0]))
            await work.write_outbox()
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await unpublished(world) == []


async def test_a_cause_is_passed_on(world: World) -> None:
    cause = Cause("the-event", "the-report", "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    at = datetime(2016, 9, 1, 8, tzinfo=UTC)
    async with begin_work(world.membership, world.clock, service="membership") as work:
        work.publish(joined(cvrs(1)[0]), cause=cause, occurred_at=at)
    (row,) = await unpublished(world)

    seen = decode(topic=row.topic, key=row.key, value=row.value, headers=row.headers)
    assert isinstance(seen, Decoded)
    envelope = seen.envelope
    assert (envelope.causation_id, envelope.correlation_id) == ("the-event", "the-report")
    assert (envelope.traceparent, envelope.time) == (cause.traceparent, at)


async def test_an_erasure_is_published_as_a_null_value_with_an_id(world: World) -> None:
    async with begin_work(world.membership, world.clock, service="membership") as work:
        work.erase("membership.contacts.v1", "contact-1")
    (row,) = await unpublished(world)

    seen = decode(topic=row.topic, key=row.key, value=row.value, headers=row.headers)
    assert seen == Tombstone("contact-1")
    assert ("ce_id", row.event_id.encode()) in row.headers


def contact(identifier: str) -> ContactRecorded:
    return ContactRecorded(
        contact=identifier,
        organisation="company",
        cvr=cvrs(1)[0],
        municipality=None,
        name="Ida",
        email="ida@company.example",
        language="da",
        roles=(),
        wishes=(),
    )


async def test_an_erasure_also_empties_what_the_outbox_keeps_of_its_key(world: World) -> None:
    await publish(world, [contact("gone"), contact("stays"), joined(cvrs(1)[0])])
    kept = await unpublished(world)
    async with world.membership.connection() as connection:
        await outbox.save_published(connection, [row.position for row in kept])
    async with begin_work(world.membership, world.clock, service="membership") as work:
        work.publish(contact("gone"))
        work.erase(ContactRecorded.topic, "gone")
        work.publish(contact("new"))
    async with world.membership.connection() as connection:
        await outbox.republish(connection, "membership", since=NOON)

    rows = await unpublished(world)
    assert [(row.key, row.value is None) for row in rows] == [
        (b"gone", True),
        (b"stays", False),
        (cvrs(1)[0].encode(), False),
        (b"gone", True),
        (b"gone", True),
        (b"new", False),
    ]
    for row in rows:
        if row.value is None:
            seen = decode(topic=row.topic, key=row.key, value=None, headers=row.headers)
            assert seen == Tombstone("gone")


async def test_a_service_publishes_only_its_own_events(world: World) -> None:
    async with begin_work(world.bonus, world.clock, service="bonus") as work:
        with pytest.raises(AssertionError, match="belongs to membership"):
            work.publish(joined(cvrs(1)[0]))


async def test_a_work_that_publishes_much_wakes_the_relay_once(world: World) -> None:
    notices: list[str] = []
    woken = asyncio.Event()

    def hear(payload: str) -> None:
        notices.append(payload)
        woken.set()

    unlisten = await world.membership.listen(outbox.channel("membership"), hear)
    notices.clear()
    await publish(world, [joined(cvr) for cvr in cvrs(50)])
    await woken.wait()
    woken.clear()
    # A second notice of the first work would have come before this one.
    await publish(world, [joined(cvrs(1)[0])])
    await woken.wait()
    await unlisten()

    assert notices == ["", ""]


async def test_the_day_of_a_work_is_the_day_in_copenhagen(world: World) -> None:
    clock = StandingClock(datetime(2017, 6, 30, 22, 30, tzinfo=UTC))
    async with begin_work(world.membership, clock, service="membership") as work:
        assert work.today.isoformat() == "2017-07-01"


@pytest.mark.parametrize("table", ["outbox", "inbox", "dead_letter"])
async def test_a_service_can_not_delete_what_it_must_keep(world: World, table: str) -> None:
    async with world.membership.connection() as connection:
        with pytest.raises(Exception, match="permission denied") as refused:
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608 # a test's own words
    assert fault_of(refused.value) is Fault.FORBIDDEN


async def test_a_row_written_by_a_process_of_an_earlier_release_waits_too(world: World) -> None:
    async with world.membership.connection() as connection:
        await connection.execute(
            """
            INSERT INTO outbox (event_id, topic, key, value, headers, created_at)
            VALUES ('event-1', 'membership.events.v1', 'k', '{}', '[]', now())
            """
        )
    assert [row.event_id for row in await unpublished(world)] == ["event-1"]


async def test_republishing_from_an_event_releases_it_and_all_after_it(world: World) -> None:
    event_ids = await publish(world, [joined(cvr) for cvr in cvrs(4)])
    positions = [row.position for row in await unpublished(world)]
    async with world.membership.connection() as connection:
        await outbox.save_published(connection, positions[:3])
        await outbox.save_refused(connection, {positions[3]: "too large"})
        assert await unpublished(world) == []
        assert await outbox.republish(connection, "membership", since=event_ids[1]) == 3
    assert [row.event_id for row in await unpublished(world)] == event_ids[1:]


async def test_republishing_from_an_instant_releases_what_was_written_since(world: World) -> None:
    await publish(world, [joined(cvrs(1)[0])])
    world.clock.advance(hours=1)
    later = await publish(world, [joined(cvrs(2)[1])])
    rows = await unpublished(world)
    async with world.membership.connection() as connection:
        await outbox.save_published(connection, [row.position for row in rows])
        assert await outbox.republish(connection, "membership", since=world.clock.now()) == 1
    assert [row.event_id for row in await unpublished(world)] == later


async def test_republishing_from_an_event_nobody_kept_says_so(world: World) -> None:
    async with world.membership.connection() as connection:
        with pytest.raises(EventNotKeptError, match="give a time instead"):
            await outbox.republish(connection, "membership", since="no-such-event")
    assert await count_rows(world.membership, "outbox") == 0
