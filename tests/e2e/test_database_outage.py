"""PostgreSQL stops and starts again in mid-run: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from services.bonus.service import SERVICE as BONUS
from services.evaluation.service import SERVICE as EVALUATION
from services.membership.service import SERVICE as MEMBERSHIP
from services.notifications.service import SERVICE as NOTIFICATIONS
from services.placements.service import SERVICE as PLACEMENTS
from shared.database import Database, EmbeddedPostgres, EmbeddedServer
from tests.support.clock import clock_at
from tests.support.lifelines import guarded
from tests.support.postgres import database_maker
from tests.support.services import SystemUnderTest, prepared_database, running_system

SERVICES = (MEMBERSHIP, PLACEMENTS, BONUS, NOTIFICATIONS, EVALUATION)
EMPLOYER = "99000007"
PERSONS = 40
OUTAGES = 3
TRIES_MAX = 200
KEPT = """
SELECT (SELECT count(*) FROM placements.outbox) AS told,
       (SELECT count(*) FROM placements.outbox_waiting) AS waiting,
       (SELECT count(*) FROM bonus.fact WHERE person IS NOT NULL) AS facts,
       (SELECT count(DISTINCT content->>'placement') FROM bonus.fact) AS placements,
       (SELECT count(*) FROM bonus.instalment) AS instalments,
       (SELECT count(*) FROM bonus.dead_letter) AS dead
"""


class Outages:
    """A server of this test's own that is stopped and started again on demand."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self.count = 0

    async def happen(self) -> None:
        """Stop the server at once, and start it again."""
        await self._postgres.stop()
        await asyncio.sleep(0.3)  # the outage itself: long enough for every part to notice
        server = await self._postgres.start()
        assert not server.found_running
        self.count += 1


@pytest.fixture
async def shaky(tmp_path: Path) -> AsyncIterator[tuple[SystemUnderTest, Outages]]:
    postgres = EmbeddedPostgres(tmp_path / "server", durable=False)
    async with AsyncExitStack() as stack:
        stack.enter_context(guarded(tmp_path))
        server: EmbeddedServer = await postgres.start()
        stack.push_async_callback(postgres.stop)
        make_database = await stack.enter_async_context(database_maker(server, {}))
        database = await prepared_database(make_database, SERVICES)
        system = await stack.enter_async_context(
            running_system(
                database,
                SERVICES,
                clock=clock_at("2017-03-01"),
                smtp_url=f"file://{tmp_path}",
                data_dir=tmp_path,
            )
        )
        yield system, Outages(postgres)


async def insist(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Send until it is answered with more than "not now", as a municipality's system does."""
    for _ in range(TRIES_MAX):
        try:
            answer = await send()
        except httpx.TransportError:
            continue
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            return answer
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert "retry-after" in answer.headers
        await asyncio.sleep(0.05)
    raise AssertionError("never answered")


async def report_hire(client: httpx.AsyncClient, number: int) -> None:
    """Register one person and report one hire, each told once however often it takes."""
    person = {
        "civil_registration_number": f"6101800{number:03d}",
        "category": "refugee",
        "permit_granted_on": "2016-03-10",
        "purpose": "placement",
    }
    answer = await insist(lambda: client.post("/placements/v1/persons", json=person))
    started_on = date(2016, 9, 1) + timedelta(days=number)
    hire = {
        "report_id": f"r-{number}",
        "fact": "PlacementStarted",
        "placement": f"2016-{number:04d}",
        "person": answer.json()["person"],
        "employer": EMPLOYER,
        "kind": "ordinary",
        "started_on": str(started_on),
    }
    answer = await insist(lambda: client.post("/placements/v1/reports", json=[hire]))
    assert answer.json()["outcomes"][0]["outcome"] in {"accepted", "duplicate"}, answer.text


async def test_outages_lose_nothing_and_double_nothing(
    shaky: tuple[SystemUnderTest, Outages],
) -> None:
    system, outages = shaky
    async with system.client("municipality", municipality="0101") as client:
        for number in range(PERSONS):
            reporting = asyncio.create_task(report_hire(client, number))
            if number % (PERSONS // OUTAGES) == 1 and outages.count < OUTAGES:
                await outages.happen()
            await reporting
    await system.system.settled(60.0)
    assert outages.count == OUTAGES
    owner = await Database.connect(system.database.owner_url, application_name="test")
    try:
        async with owner.connection() as connection:
            kept = (await connection.fetch(KEPT))[0]
    finally:
        await owner.close()
    receipts = PERSONS
    assert kept["waiting"] == kept["dead"] == 0
    assert kept["told"] >= 2 * PERSONS + receipts
    assert kept["facts"] == 2 * PERSONS
    assert kept["placements"] == PERSONS
    assert kept["instalments"] == 2 * PERSONS
