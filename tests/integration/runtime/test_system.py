"""A system runs, tells how it is, settles and drains, over a real database and bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import httpx
import pytest

from shared.contracts.membership import CompanyJoined
from shared.database import Database
from shared.messaging.transport import TopicMismatchError
from shared.messaging.work import Received, Work
from shared.runtime.service import Service, ServiceContext, Timer
from shared.runtime.settings import SettingsError
from shared.runtime.system import NotSettledError
from tests.support.clock import clock_at
from tests.support.postgres import DatabaseFactory
from tests.support.services import (
    TINY_EVALUATION,
    TINY_MEMBERSHIP,
    StartSystem,
    SystemUnderTest,
    count_heard,
    prepared_database,
    running_system,
)
from tests.support.waiting import until

CVR, OTHER = "99000007", "99000015"


async def join(running: SystemUnderTest, cvr: str = CVR) -> httpx.Response:
    async with running.client("company", cvr=cvr) as client:
        return await client.post("/membership/v1/companies", json={"cvr": cvr})


async def heard(running: SystemUnderTest) -> dict[str, int]:
    """What the tiny evaluation has counted."""
    async with running.system.context("evaluation").database.connection() as connection:
        rows = await connection.fetch("SELECT cvr, heard FROM company")
    return {row["cvr"]: row["heard"] for row in rows}


async def health(running: SystemUnderTest, question: str) -> tuple[int, dict[str, list[str]]]:
    async with httpx.AsyncClient(base_url=running.system.ops_address) as client:
        answer = await client.get(f"/health/{question}")
    return answer.status_code, answer.json()


def listening(handler: object) -> Service:
    """The tiny evaluation with another handler."""
    (hears,) = TINY_EVALUATION.hears
    assert callable(handler)
    return replace(TINY_EVALUATION, hears=(replace(hears, handler=handler),))


class Gate:
    """A handler that waits to be let through."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, work: Work, received: Sequence[Received[CompanyJoined]]) -> None:
        self.entered.set()
        await self.open.wait()
        await count_heard(work, received)


async def test_what_one_service_publishes_another_hears(start_system: StartSystem) -> None:
    running = await start_system(TINY_MEMBERSHIP, TINY_EVALUATION)
    assert (await join(running)).status_code == 201
    await running.settled()
    assert await heard(running) == {CVR: 1}


async def test_settled_runs_what_is_due_and_waits_for_what_follows(
    start_system: StartSystem,
) -> None:
    async def publish(context: ServiceContext) -> None:
        async with context.begin() as work:
            work.publish(CompanyJoined(cvr=OTHER, joined_on=work.today))

    clock = clock_at("2017-03-01")
    daily = replace(TINY_MEMBERSHIP, timers=(Timer("daily", None, publish),))
    running = await start_system(daily, TINY_EVALUATION, clock=clock)
    await running.settled()
    assert await heard(running) == {OTHER: 1}
    clock.advance_to(clock_at("2017-03-05").now())
    await running.settled()
    assert await heard(running) == {OTHER: 5}


async def test_settled_says_what_is_still_waiting(start_system: StartSystem) -> None:
    gate = Gate()
    running = await start_system(TINY_MEMBERSHIP, listening(gate))
    await join(running)
    await gate.entered.wait()
    with pytest.raises(NotSettledError, match="evaluation: 0 to publish, 1 to consume"):
        await running.system.settled(timeout_seconds=0.2)
    gate.open.set()
    await running.settled()
    assert await heard(running) == {CVR: 1}


async def test_settled_says_which_timer_fails(start_system: StartSystem) -> None:
    async def fail(_context: ServiceContext) -> None:
        raise LookupError

    service = replace(TINY_MEMBERSHIP, timers=(Timer("daily", None, fail),))
    running = await start_system(service)
    with pytest.raises(NotSettledError, match="timer daily of membership has failed"):
        await running.system.settled(timeout_seconds=0.5)


async def test_stopping_finishes_the_batch_in_flight_and_sends_what_is_left(
    database_factory: DatabaseFactory,
) -> None:
    gate = Gate()
    services = [TINY_MEMBERSHIP, listening(gate)]
    database = await prepared_database(database_factory, services)
    async with running_system(database, services, clock=clock_at("2017-03-01")) as running:
        await join(running)
        await gate.entered.wait()
        async with running.system.context("membership").begin() as work:
            work.publish(CompanyJoined(cvr=OTHER, joined_on=date(2017, 3, 1)))
        stopping = asyncio.create_task(running.system.stop())
        await until(lambda: http_is_closed(running), what="HTTP accepts nothing more")
        assert not stopping.done()
        gate.open.set()
        await stopping
    services = [TINY_EVALUATION]
    async with running_system(database, services, clock=clock_at("2017-03-01")) as again:
        await until(lambda: knows_both(again), what="the other event is heard too")
        assert await heard(again) == {CVR: 1, OTHER: 1}


async def http_is_closed(running: SystemUnderTest) -> bool:
    try:
        async with httpx.AsyncClient() as client:
            await client.get(f"{running.system.address}/openapi.json")
    except httpx.TransportError:
        return True
    return False


async def knows_both(running: SystemUnderTest) -> bool:
    return set(await heard(running)) == {CVR, OTHER}


async def test_a_system_that_runs_is_alive_and_ready(start_system: StartSystem) -> None:
    running = await start_system(TINY_MEMBERSHIP, TINY_EVALUATION)
    await until(lambda: is_ready(running), what="the system is ready")
    assert await health(running, "live") == (200, {"live": True, "reasons": [], "notes": []})


async def is_ready(running: SystemUnderTest) -> bool:
    return (await health(running, "ready"))[0] == 200


async def test_metrics_stand_on_the_operators_port_only(start_system: StartSystem) -> None:
    running = await start_system(TINY_MEMBERSHIP)
    async with running.client() as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/health/live")).status_code == 404
    await is_ready(running)
    async with httpx.AsyncClient(base_url=running.system.ops_address) as client:
        text = (await client.get("/metrics")).text
    assert "sammen_ready" in text
    assert 'sammen_http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text


async def test_a_missing_topic_keeps_a_service_from_starting(
    database_factory: DatabaseFactory,
) -> None:
    database = await prepared_database(database_factory, [TINY_MEMBERSHIP])
    await drop_topic(database.superuser_url, "membership.contacts.v1")
    starting = running_system(database, [TINY_MEMBERSHIP], clock=clock_at("2017-03-01"))
    with pytest.raises(TopicMismatchError, match=r"membership\.contacts\.v1.*topics create"):
        async with starting:
            raise AssertionError("never reached")


async def drop_topic(superuser_url: str, name: str) -> None:
    database = await Database.connect(superuser_url, application_name="test", connections_max=1)
    async with database.connection() as connection:
        await connection.execute("DELETE FROM bus.topic WHERE name = $1", name)
    await database.close()


async def test_a_service_without_its_database_address_does_not_start(
    database_factory: DatabaseFactory,
) -> None:
    database = await prepared_database(database_factory, [TINY_MEMBERSHIP])
    starting = running_system(
        database, [TINY_MEMBERSHIP], clock=clock_at("2017-03-01"), membership_database_url=None
    )
    with pytest.raises(SettingsError, match="SAMMEN_MEMBERSHIP_DATABASE_URL"):
        async with starting:
            raise AssertionError("never reached")
