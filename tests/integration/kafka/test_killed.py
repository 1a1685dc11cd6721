"""A process is killed between the database and the brokers: nothing lost, nothing done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.messaging import failpoints, outbox
from shared.messaging.failpoints import Point
from tests.integration.kafka.line import COMPANIES, Line, open_line
from tests.support.buses import READER, WRITER
from tests.support.evidence import Logged, shown
from tests.support.kafka_bus import KafkaBus
from tests.support.messaging import count_rows, publish, seen, updated
from tests.support.mortal import run_until_killed
from tests.support.postgres import DatabaseFactory
from tests.support.waiting import until

DAYS = range(1, 6)
TOLD = len(COMPANIES) * len(DAYS)


@pytest.fixture
async def line(one: KafkaBus, database_factory: DatabaseFactory) -> AsyncIterator[Line]:
    failpoints.clear()
    async with open_line(one, database_factory, relaying=False) as line:
        for day in DAYS:
            await publish(line.world, [updated(cvr, day) for cvr in COMPANIES])
        yield line


async def _all_is_decided_once_and_in_order(line: Line) -> None:
    async def all_there() -> bool:
        return len(await seen(line.world.bonus)) >= TOLD

    await until(all_there, what="bonus has decided everything")
    rows = await seen(line.world.bonus)
    for company in COMPANIES:
        assert [int(row.detail) for row in rows if row.cvr == company] == [*DAYS]
    assert len(rows) == TOLD


@pytest.mark.parametrize("point", ["relay.after_publish", "relay.after_select"])
async def test_a_relay_killed_beside_the_brokers_is_followed_by_another(
    line: Line, point: Point, logged: Logged
) -> None:
    await run_until_killed(
        "relay", line.world.url("membership"), point, nth=2, address=line.bus.address(WRITER)
    )
    assert 0 < await count_rows(line.world.membership, "outbox_waiting") < TOLD
    await line.add_relay()
    await line.add_consumer()
    await _all_is_decided_once_and_in_order(line)
    assert "relay_started" in logged
    await until(
        lambda: line.shown("sammen_relay_active", service="membership") == 1, what="it is shown"
    )
    async with line.world.membership.connection() as connection:
        assert (await outbox.count_waiting(connection)).rows == 0
    came_twice = line.shown("sammen_inbox_duplicates_total", service="bonus")
    # Only what had reached the brokers without being marked comes twice.
    assert came_twice == (10 if point == "relay.after_publish" else 0)


@pytest.mark.parametrize("point", ["consumer.before_commit", "consumer.after_commit"])
async def test_a_consumer_killed_beside_its_commits_is_followed_by_another(
    line: Line, point: Point, logged: Logged
) -> None:
    await line.add_relay()
    await run_until_killed(
        "consumer", line.world.url("bonus"), point, nth=2, address=line.bus.address(READER)
    )
    decided = len(await seen(line.world.bonus))
    assert 0 < decided < TOLD
    await line.add_consumer()
    await _all_is_decided_once_and_in_order(line)
    assert "partitions_assigned" in logged
    handled = "sammen_events_consumed_total"
    await until(
        lambda: shown(line.members[0], handled, outcome="handled") == TOLD - decided,
        what="each that was left is counted once",
    )
    # What was committed here and not there comes again, and is known.
    came_twice = line.shown("sammen_inbox_duplicates_total", service="bonus")
    assert (came_twice > 0) == (point == "consumer.after_commit")
