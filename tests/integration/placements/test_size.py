"""A thousand facts cost what one costs in statements, and too many are turned away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from services.placements.domain import senders
from services.placements.domain.person_numbers import parse_person_number
from services.placements.domain.persons import PersonFields
from services.placements.handlers.persons import register_person
from services.placements.handlers.reports import report
from services.placements.service import SERVICE
from services.placements.store.vault import Access
from services.placements.vault import Vault
from shared.database import Connection, Database
from shared.messaging.work import Work, begin_work
from shared.runtime.plans import plans_for
from tests.integration.placements.door import Door, ended, started
from tests.support.clock import clock_at
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory

STATEMENTS_MAX = 12
CLOCK = clock_at("2017-03-01")
COPENHAGEN = senders.municipality("0101")


class Counting:
    """A connection that counts the statements run on it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the connection has
        if name in {"execute", "executemany", "fetch", "fetchrow", "fetchval"}:
            self.statements += 1
        return getattr(self._connection, name)


@pytest.fixture
async def database(database_factory: DatabaseFactory) -> AsyncIterator[Database]:
    made = await database_factory(plans_for([SERVICE], {"placements": ROLE_PASSWORD}))
    database = await Database.connect(
        made.url("sammen_placements"), application_name="test", schema="placements"
    )
    yield database
    await database.close()


async def register(database: Database, count: int) -> list[str]:
    vault = Vault(bytes(range(32)))
    told = PersonFields("refugee", CLOCK.now().date())
    async with begin_work(database, CLOCK, service="placements") as work:
        access = Access("anna", "0101", "placement", work.now)
        return [
            await register_person(
                work,
                vault,
                parse_person_number(f"610180{number:04}", constructed_allowed=True),
                told,
                access,
            )
            for number in range(count)
        ]


async def statements_of(database: Database, facts: Sequence[object]) -> tuple[int, list[str]]:
    async with database.transaction() as connection:
        counting = Counting(connection)
        work = Work(cast("Connection", counting), now=CLOCK.now(), service="placements")
        answers = await report(work, COPENHAGEN, facts)
        await work.write_outbox()
    return counting.statements, [answer.outcome for answer in answers]


async def test_a_thousand_facts_cost_no_more_statements_than_a_few(database: Database) -> None:
    persons = await register(database, 100)
    waiting = [ended(f"w-{n}", str(n)) for n in range(10)]
    await statements_of(database, waiting)
    facts = [
        *(started(f"s-{n}", person, str(n)) for n, person in enumerate(persons)),
        *(
            {
                "report_id": f"c-{n}",
                "fact": "EmploymentConfirmed",
                "placement": str(n % 100),
                "first_day": f"2017-01-{n // 100 + 1:02}",
                "last_day": f"2017-01-{n // 100 + 1:02}",
                "hours": "7",
            }
            for n in range(900)
        ),
    ]
    statements, outcomes = await statements_of(database, facts)
    assert outcomes == ["accepted"] * 1000
    assert statements <= STATEMENTS_MAX
    again, outcomes = await statements_of(database, facts)
    assert outcomes == ["duplicate"] * 1000
    assert again <= 3
    async with database.connection() as connection:
        assert (
            await connection.fetchval(
                "SELECT count(*) FROM outbox WHERE topic = 'placements.events.v1'"
            )
            == 1010
        )


async def test_ten_thousand_facts_are_taken_and_one_more_is_not(door: Door) -> None:
    http = door["copenhagen"].http
    headers = {"Content-Type": "application/json"}
    too_many = await http.post(
        "/placements/v1/reports", content=json.dumps([7] * 10_001), headers=headers
    )
    assert too_many.status_code == 413
    assert too_many.json()["type"] == "urn:sammen:problem:too-many-facts"
    assert not await door.fetch("SELECT FROM placements.report")
    taken = await http.post(
        "/placements/v1/reports", content=json.dumps([7] * 10_000), headers=headers, timeout=60
    )
    assert len(taken.json()["outcomes"]) == 10_000
    assert (await http.post("/placements/v1/reports", json=[])).json() == {"outcomes": []}
    assert (await http.post("/placements/v1/reports", json={})).status_code == 422


async def test_a_request_with_a_key_is_answered_once(door: Door) -> None:
    person = await door["copenhagen"].register()
    http = door["copenhagen"].http
    http.headers["Idempotency-Key"] = "key-1"
    assert await door["copenhagen"].words(started("r-1", person)) == ["accepted"]
    assert await door["copenhagen"].words(started("r-1", person)) == ["accepted"]
    other = await http.post("/placements/v1/reports", json=[ended("r-2")])
    assert other.status_code == 422
    assert len(await door.published()) == 1
