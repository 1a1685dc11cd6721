"""The database goes away and comes back: work waits in its place, and then goes on in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.database import ConnectionLostError, EmbeddedPostgres
from shared.messaging.consumer import Consumer, ConsumerStoppingError
from shared.messaging.relay import Relay
from shared.messaging.work import Received, UndecidableError, Work
from shared.observability.metrics import Metrics
from tests.integration.messaging.conftest import Desk
from tests.support.lifelines import guarded
from tests.support.messaging import (
    HASTY,
    Bookkeeper,
    Log,
    World,
    count_rows,
    cvrs,
    joined,
    open_world,
    publish,
    seen,
    updated,
)
from tests.support.postgres import database_maker
from tests.support.waiting import until


@pytest.fixture
async def own_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    folder: Path = tmp_path_factory.mktemp("outage")
    postgres = EmbeddedPostgres(folder / "server", durable=False)
    with guarded(folder):
        await postgres.start()
        try:
            yield postgres
        finally:
            await postgres.stop()


async def test_postgres_stopped_and_started_loses_nothing_and_keeps_the_order(
    own_server: EmbeddedPostgres,
) -> None:
    server = await own_server.start()
    async with AsyncExitStack() as stack:
        make_database = await stack.enter_async_context(database_maker(server, {}))
        world = await stack.enter_async_context(open_world(make_database))
        told = await stack.enter_async_context(world.bus("membership"))
        heard = await stack.enter_async_context(world.bus("bonus"))
        relay = Relay(
            "membership",
            database=world.membership,
            transport=told,
            clock=world.clock,
            metrics=Metrics(),
            policy=HASTY,
            batch_rows_max=7,
        )
        consumer = Consumer(
            "bonus",
            Bookkeeper().hears(),
            database=world.bonus,
            transport=heard,
            clock=world.clock,
            metrics=Metrics(),
            policy=HASTY,
            batch_records_max=5,
        )
        stack.push_async_callback(relay.stop)
        stack.push_async_callback(consumer.stop)
        await relay.start()
        await consumer.start()
        await _two_outages(own_server, world, lambda: consumer.failure() or relay.failure())


async def _two_outages(
    postgres: EmbeddedPostgres, world: World, failure: Callable[[], BaseException | None]
) -> None:
    companies, days = cvrs(4), range(1, 22)
    for day in days:
        await publish(world, [updated(cvr, day) for cvr in companies])
        if day in (7, 14):
            await postgres.stop()
            await postgres.start()
            await until(_answers(world), what="the database answers again")

    async def all_seen() -> bool:
        if (error := failure()) is not None:
            raise error
        return len(await seen(world.bonus)) >= len(companies) * len(days)

    await until(all_seen, what="everything is decided")
    rows = await seen(world.bonus)
    for company in companies:
        assert [int(row.detail) for row in rows if row.cvr == company] == list(days)
    assert await count_rows(world.bonus, "dead_letter") == 0


def _answers(world: World) -> Callable[[], Any]:
    async def answers() -> bool:
        try:
            return await count_rows(world.membership, "outbox") >= 0
        except Exception:  # noqa: BLE001 # any error means: not yet
            return False

    return answers


async def test_a_batch_whose_connection_breaks_is_tried_again_and_never_buried(desk: Desk) -> None:
    log, breaks = Log(), iter(range(3))

    async def cut(_events: Sequence[Received[Any]]) -> None:
        if next(breaks, None) is not None:
            async with desk.world.bonus.connection() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = current_user AND pid <> pg_backend_pid()"
                    " AND datname = current_database()"
                )

    desk.bookkeeper.before = cut
    companies = cvrs(5)
    await desk.deliver(*(log.record(joined(cvr)) for cvr in companies))

    assert [row.cvr for row in await desk.seen()] == companies
    assert await desk.letters() == []
    assert await count_rows(desk.world.bonus, "outbox") == 5
    assert desk.consumer.blocked is None


async def test_a_lock_that_is_not_had_in_time_is_asked_for_again(desk: Desk) -> None:
    log, companies = Log(), cvrs(2)
    lock, calls = "SELECT pg_advisory_xact_lock(1)", 0
    given_up = asyncio.Event()

    async def want_the_lock(work: Work, events: Sequence[Received[Any]]) -> None:
        nonlocal calls
        calls += 1
        if calls > 2:
            given_up.set()
        await work.connection.execute("SET LOCAL lock_timeout = '50ms'")
        await work.connection.execute(lock)
        await desk.bookkeeper(work, events)

    desk.handler = want_the_lock
    await desk.open()
    async with desk.world.bonus.transaction() as connection:
        await connection.execute(lock)
        delivering = asyncio.create_task(
            desk.deliver(*(log.record(joined(cvr)) for cvr in companies))
        )
        await given_up.wait()
    await delivering

    assert [row.cvr for row in await desk.seen()] == companies
    assert b'retries_total{kind="contention",service="bonus"}' in desk.metrics.exposition()
    assert await desk.letters() == []


async def test_a_consumer_that_waits_says_so_and_can_be_stopped(desk: Desk) -> None:
    company = cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = ConnectionLostError("nobody there")
    delivering = asyncio.create_task(desk.deliver(Log().record(joined(company))))
    await until(
        lambda: desk.consumer.blocked is not None and desk.consumer.blocked.attempts > 2,
        what="it has tried a few times",
    )
    blocked = desk.consumer.blocked
    assert blocked is not None
    assert blocked.kind == "unavailable"
    await desk.consumer.stop()

    with pytest.raises(ConsumerStoppingError):
        await delivering
    assert desk.consumer.failure() is None
    assert await desk.seen() == []


async def test_an_undecidable_event_is_found_though_the_database_stumbles_too(desk: Desk) -> None:
    log, (good, bad) = Log(), cvrs(2)
    desk.bookkeeper.stumbles[bad] = UndecidableError("company_unknown")
    breaks = iter(range(2))

    async def lose_locks(_events: Sequence[Received[Any]]) -> None:
        if next(breaks, None) is not None:
            raise ConnectionLostError("nobody there")

    desk.bookkeeper.before = lose_locks
    await desk.deliver(log.record(joined(bad)), log.record(joined(good)))

    assert [row.cvr for row in await desk.seen()] == [good]
    assert [letter.state for letter in await desk.letters()] == ["dead"]
