"""A process is killed at each of its steps: nothing is lost, nothing has its effect twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.messaging.consumer import Consumer
from shared.messaging.failpoints import POINTS, Point
from shared.messaging.relay import Relay
from shared.messaging.transport import OutgoingRecord
from shared.observability.metrics import Metrics
from tests.integration.messaging.conftest import consumer_at_work
from tests.support.messaging import (
    HASTY,
    TOLD_ON,
    TOPIC,
    Log,
    World,
    count_rows,
    cvrs,
    publish,
    seen,
    updated,
)
from tests.support.mortal import run_until_killed
from tests.support.waiting import until

COMPANIES = cvrs(4)
DAYS = range(1, 11)
EVENTS = len(COMPANIES) * len(DAYS)
RELAY_POINTS = [point for point in POINTS if point.startswith("relay.")]
CONSUMER_POINTS = [point for point in POINTS if point.startswith("consumer.")]


@asynccontextmanager
async def relay_at_work(world: World) -> AsyncIterator[None]:
    """Membership's relay, running until everything is on the bus."""
    async with world.bus("membership") as bus:
        relay = Relay(
            "membership",
            database=world.membership,
            transport=bus,
            clock=world.clock,
            metrics=Metrics(),
            policy=HASTY,
        )
        await relay.start()
        try:
            yield
        finally:
            await relay.stop()


async def all_relayed(world: World) -> bool:
    return await count_rows(world.membership, "outbox_waiting") == 0


async def assert_everything_was_decided_once_and_in_order(world: World) -> None:
    rows = await seen(world.bonus)
    for company in COMPANIES:
        assert [int(row.detail) for row in rows if row.cvr == company] == list(DAYS)
    assert len(rows) == EVENTS
    assert await count_rows(world.bonus, "outbox", f"topic = '{TOLD_ON}'") == EVENTS
    assert await count_rows(world.bonus, "dead_letter") == 0


async def caught_up(world: World, consumer: Consumer) -> bool:
    progress = await consumer.progress()
    there = sum(position.end_offset for position in progress.positions.values())
    return there >= EVENTS and progress.lag == 0


@pytest.mark.parametrize("point", RELAY_POINTS)
async def test_a_relay_may_be_killed_at_any_step(world: World, point: Point) -> None:
    for day in DAYS:
        await publish(world, [updated(cvr, day) for cvr in COMPANIES])
    await run_until_killed("relay", world.url("membership"), point, nth=2)
    left = await count_rows(world.membership, "outbox_waiting")
    assert left == EVENTS - (20 if point == "relay.after_mark" else 10)

    async with relay_at_work(world):
        await until(lambda: all_relayed(world), what="the outbox is empty")
    async with consumer_at_work(world) as consumer:
        await until(lambda: caught_up(world, consumer), what="bonus has heard everything")
        ends = sum(place.end_offset for place in (await consumer.progress()).positions.values())
    # Only what had reached the bus without being marked comes twice.
    assert ends == EVENTS + (10 if point == "relay.after_publish" else 0)
    await assert_everything_was_decided_once_and_in_order(world)


@pytest.mark.parametrize("point", CONSUMER_POINTS)
async def test_a_consumer_may_be_killed_at_any_step(world: World, point: Point) -> None:
    log = Log()
    async with world.bus("membership") as bus:
        records = [log.record(updated(cvr, day)) for day in DAYS for cvr in COMPANIES]
        await bus.publish(
            [OutgoingRecord(TOPIC, each.key, each.value, each.headers) for each in records]
        )
    await run_until_killed("consumer", world.url("bonus"), point, nth=2)
    done = len(await seen(world.bonus))
    assert 0 < done < EVENTS

    async with consumer_at_work(world) as consumer:
        await until(lambda: caught_up(world, consumer), what="bonus has heard everything")
    await assert_everything_was_decided_once_and_in_order(world)
