from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from shared.messaging import outbox
from shared.messaging import relay as relays
from shared.messaging.transport import (
    OutgoingRecord,
    TransportUnavailableError,
)
from shared.messaging.work import begin_work
from tests.support.evidence import Logged
from tests.support.messaging import (
    count_rows,
    cvrs,
    joined,
    open_database,
    publish,
    updated,
)
from tests.support.posting import Post, is_about
from tests.support.waiting import until

NEVER_SECONDS = 600.0


async def test_rows_reach_the_bus_in_order_and_stay_in_the_outbox(post: Post) -> None:
    companies = cvrs(5)
    await publish(post.world, [joined(cvr) for cvr in companies])
    async with post.relay(batch_rows_max=2):
        await post.drained()

    assert post.keys() == companies
    assert [len(call) for call in post.bus.calls] == [2, 2, 1]
    assert await count_rows(post.world.membership, "outbox") == 5
    assert await count_rows(post.world.membership, "outbox_waiting") == 0


async def test_a_new_row_wakes_the_relay_long_before_it_would_look(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "POLL_SECONDS", NEVER_SECONDS)
    async with post.relay() as relay:
        await until(lambda: relay.active, what="the relay is active")
        await asyncio.sleep(0.1)
        await publish(post.world, [joined(cvrs(1)[0])])
        await until(lambda: len(post.bus.published) == 1, what="the row is published")


async def test_an_outage_of_the_bus_repeats_the_same_rows_in_the_same_order(post: Post) -> None:
    companies = cvrs(6)
    failures = iter(range(4))

    def fail_a_few_times(_records: Sequence[OutgoingRecord]) -> None:
        if next(failures, None) is not None:
            raise TransportUnavailableError("nobody there")

    post.bus.before_publish = fail_a_few_times
    await publish(post.world, [joined(cvr) for cvr in companies])
    async with post.relay():
        await post.drained()

    assert len(post.bus.calls) == 5
    assert all(call == post.bus.calls[0] for call in post.bus.calls)
    assert post.keys() == companies


async def test_what_nobody_expected_is_tried_again_ever_more_seldom(
    post: Post, logged: Logged
) -> None:
    def fail(_records: Sequence[OutgoingRecord]) -> None:
        raise ZeroDivisionError

    post.bus.before_publish = fail
    await publish(post.world, [joined(cvr) for cvr in cvrs(2)])
    async with post.relay():
        await until(lambda: len(logged.lines("relay_retried")) >= 3, what="it is tried again")
        assert [each["attempt"] for each in logged.lines("relay_retried")][:3] == [1, 2, 3]
        post.bus.before_publish = None
        await post.drained()


async def test_eight_writers_committing_out_of_order_miss_nothing(post: Post) -> None:
    """Positions are handed out before commit: late commits appear below what was published."""
    companies, dice = cvrs(8), random.Random(7)  # noqa: S311 # only spreads the commits
    async with AsyncExitStack() as stack:
        url = post.world.url("membership")
        databases = [await open_database(stack, url, "membership") for _ in companies]

        async def write(number: int) -> None:
            database, cvr = databases[number], companies[number]
            for day in range(1, 26):
                async with begin_work(database, post.world.clock, service="membership") as work:
                    work.publish(updated(cvr, day))
                    await work.write_outbox()
                    await asyncio.sleep(dice.random() * 0.02)

        async with post.relay(batch_rows_max=5):
            await asyncio.gather(*(write(number) for number in range(8)))
            await post.drained()

    assert len(post.bus.published) == 200
    for cvr in companies:
        days = [
            (record.value or b"")[-4:-2] for record in post.bus.published if is_about(record, cvr)
        ]
        assert days == [f"{day:02}".encode() for day in range(1, 26)]


async def test_of_two_relays_one_works_and_the_other_takes_over(post: Post) -> None:
    companies = cvrs(2)
    async with post.relay() as second_or_first:
        await until(lambda: second_or_first.active, what="one is active")
        async with post.relay() as stand_by:
            await publish(post.world, [joined(companies[0])])
            await post.drained()
            assert (second_or_first.active, stand_by.active) == (True, False)
            await second_or_first.stop()
            await until(lambda: stand_by.active, what="the other took over")
            await publish(post.world, [joined(companies[1])])
            await post.drained()

    assert post.keys() == companies


async def test_a_relay_that_loses_its_connection_gives_up_the_lock(post: Post) -> None:
    async with post.relay() as relay:
        await until(lambda: relay.active, what="the relay is active")
        async with post.world.membership.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        await publish(post.world, [joined(cvr) for cvr in cvrs(3)])
        await post.drained()

        assert relay.failure() is None
    assert len(post.bus.published) == 3


async def test_a_relay_stops_while_the_bus_is_away(post: Post) -> None:
    def fail(_records: Sequence[OutgoingRecord]) -> None:
        raise TransportUnavailableError("nobody there")

    post.bus.before_publish = fail
    await publish(post.world, [joined(cvrs(1)[0])])
    async with post.relay() as relay:
        await until(lambda: len(post.bus.calls) > 2, what="it tries again")
        assert "nobody there" in (relay.trouble() or "")

    assert await post.waiting() == 1


async def test_what_was_republished_is_sent_again(post: Post) -> None:
    companies = cvrs(3)
    event_ids = await publish(post.world, [joined(cvr) for cvr in companies])
    async with post.relay():
        await post.drained()
        async with post.world.membership.connection() as connection:
            await outbox.republish(connection, "membership", since=event_ids[1])
        await until(lambda: len(post.bus.published) == 5, what="they are sent again")

    assert post.keys() == [*companies, *companies[1:]]


async def test_the_relay_shows_what_waits(post: Post) -> None:
    def fail(_records: Sequence[OutgoingRecord]) -> None:
        if len(post.bus.calls) < 3:
            raise TransportUnavailableError("nobody there")

    post.bus.before_publish = fail
    await publish(post.world, [joined(cvr) for cvr in cvrs(4)])
    post.world.clock.advance(seconds=90)
    async with post.relay():
        await post.drained()
        await until(
            lambda: b'outbox_waiting_rows{service="membership"} 0.0' in post.metrics.exposition(),
            what="the metrics show it",
        )

    shown = post.metrics.exposition()
    assert b'retries_total{kind="bus",service="membership"} 2.0' in shown
    assert b'relay_rows_total{outcome="published",service="membership"} 4.0' in shown
