"""A thousand facts cost what one costs in statements, and too many are turned away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from services.placements.domain import senders
from services.placements.handlers.reports import report
from shared.database import Connection
from shared.messaging.work import Work
from tests.integration.placements.door import Door, ended, started
from tests.integration.placements.rooms import CLOCK, Rooms, register

STATEMENTS_MAX = 12
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


async def register_many(rooms: Rooms, count: int) -> list[str]:
    async with rooms.begin() as work:
        return [await register(work, f"610180{number:04}") for number in range(count)]


async def statements_of(rooms: Rooms, facts: Sequence[object]) -> tuple[int, list[str]]:
    async with rooms.service.transaction() as connection:
        counting = Counting(connection)
        work = Work(cast("Connection", counting), now=CLOCK.now(), service="placements")
        answers = await report(work, COPENHAGEN, facts)
        await work.write_outbox()
    return counting.statements, [answer.outcome for answer in answers]


async def test_a_thousand_facts_cost_no_more_statements_than_a_few(rooms: Rooms) -> None:
    persons = await register_many(rooms, 100)
    waiting = [ended(f"w-{n}", str(n)) for n in range(10)]
    await statements_of(rooms, waiting)
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
    statements, outcomes = await statements_of(rooms, facts)
    assert outcomes == ["accepted"] * 1000
    assert statements <= STATEMENTS_MAX
    again, outcomes = await statements_of(rooms, facts)
    assert outcomes == ["duplicate"] * 1000
    assert again <= 3
    told = "SELECT FROM placements.outbox WHERE topic = 'placements.events.v1'"
    assert len(await rooms.fetch(told)) == 1010


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
