"""One service's parts start and stop by themselves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from shared.contracts.membership import CompanyJoined
from shared.database import Database
from shared.observability.metrics import Metrics
from shared.runtime.running import OpenTransport, RunningService
from shared.runtime.transports import transport_opener
from tests.support.clock import clock_at
from tests.support.postgres import DatabaseFactory
from tests.support.services import TINY_MEMBERSHIP, prepared_database, settings_for
from tests.support.waiting import until

CVR = "99000007"
EVENTS = 3000
"""Three batches of the relay."""


@dataclass(frozen=True)
class Tiny:
    """A service that was never started, its database, and the way to its bus."""

    running: RunningService
    owner_url: str
    open_transport: OpenTransport


@pytest.fixture
async def tiny(database_factory: DatabaseFactory) -> Tiny:
    database = await prepared_database(database_factory, [TINY_MEMBERSHIP])
    settings = settings_for(database, [TINY_MEMBERSHIP], "http://127.0.0.1:9/issuer")
    running = RunningService(
        TINY_MEMBERSHIP, settings=settings, clock=clock_at("2017-03-01"), metrics=Metrics()
    )
    return Tiny(running, database.owner_url, transport_opener(settings))


async def test_a_relay_that_is_stopped_first_sends_what_is_left(
    tiny: Tiny,
) -> None:
    running = tiny.running
    await running.connect(tiny.open_transport)
    await running.start_relay()
    await until(lambda: running.relay.active, what="it is this relay's turn")
    async with running.context.begin() as work:
        for _ in range(EVENTS):
            work.publish(CompanyJoined(cvr=CVR, joined_on=work.today))
    await running.stop_relay()
    assert (await running.standing()).waiting_rows == 0
    await running.disconnect()


async def test_what_was_never_started_is_stopped_without_complaint(
    tiny: Tiny,
) -> None:
    running = tiny.running
    await running.stop_timers()
    await running.stop_consumers()
    await running.stop_relay()
    await running.disconnect()
    assert running.failures() == []


async def test_a_database_that_answers_but_takes_nobody_yet_is_waited_for(
    tiny: Tiny,
) -> None:
    owner = await Database.connect(tiny.owner_url, application_name="test")
    running = tiny.running
    async with owner.connection() as connection:
        # As a server that is still recovering, it answers with an error of class 53 or 57.
        await connection.execute("ALTER ROLE sammen_membership CONNECTION LIMIT 0")
        connecting = asyncio.create_task(running.connect(tiny.open_transport))
        await asyncio.sleep(1)
        waited = not connecting.done()
        await connection.execute("ALTER ROLE sammen_membership CONNECTION LIMIT -1")
    await connecting
    assert waited
    await running.disconnect()
    await owner.close()
