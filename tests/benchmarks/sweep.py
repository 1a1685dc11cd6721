"""The daily sweep of bonus: over how many open placements, with how many due, takes how long.

Everybody else than those due is a row whose next milestone lies ahead, as it is for all open
placements on most days. Two cohorts, hired a month apart, reach their milestones in turns: the
first is swept as the service does it, the second row by row, each person a transaction of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from services.bonus.handlers import accruing, hearing
from services.bonus.handlers.assessing import assess_persons
from services.bonus.service import SERVICE
from services.bonus.store import facts as stored
from shared.database import Database
from shared.messaging.work import begin_work
from shared.observability.metrics import Metrics
from shared.runtime.service import ServiceContext
from shared.runtime.settings import Settings
from tests.benchmarks import facts
from tests.benchmarks.ground import Postgres, connected, open_postgres
from tests.benchmarks.results import ratios, save, show, spread
from tests.support.clock import clock_at

OPEN: Final = (10_000, 1_000_000)
DUE: Final = 10_000
DUE_ROW_BY_ROW: Final = 200
LOOKS: Final = 200
HIRED_LATER_ON: Final = date(2016, 10, 1)
MILESTONES: Final = (("2017-03-01", "2017-04-01"), ("2017-09-01", "2017-10-01"))
"""Of the first cohort and of the second; two years after is the last, when everything ends."""

ADD_PERSONS = """
INSERT INTO bonus.person (person, assessed_on, next_look_on)
SELECT gen_random_uuid(), date '2016-09-01', date '2018-06-01' + (number % 600)::integer
  FROM generate_series(1, $1) AS number
"""
ADD_PLACEMENTS = """
INSERT INTO bonus.placement (placement, person, employer, kind, told_at)
SELECT '0101/' || left(person.person::text, 18), person.person, '99000007', 'ordinary', now()
  FROM bonus.person
    ON CONFLICT DO NOTHING
"""


async def measure() -> dict[str, Any]:
    """Seconds of each sweep, by how many placements are open."""
    found: dict[str, Any] = {}
    async with open_postgres() as postgres:
        for how_many in OPEN:
            found[str(how_many)] = await _measure_over(postgres, how_many)
    return found


async def _measure_over(postgres: Postgres, how_many: int) -> dict[str, list[float]]:
    database = await postgres.database([SERVICE])
    cohorts = {facts.HIRED_ON: DUE, HIRED_LATER_ON: DUE_ROW_BY_ROW}
    found: dict[str, list[float]] = {"nothing due, ms": [], "due/s": [], "row by row, due/s": []}
    async with connected(database, "bonus") as bonus:
        await facts.tell(bonus, clock_at("2016-09-02"), facts.sectors())
        for hired_on, persons in cohorts.items():
            known = facts.new_persons(persons)
            await facts.tell(bonus, clock_at("2016-10-02"), [facts.registered(p) for p in known])
            await facts.tell(
                bonus, clock_at("2016-10-02"), [facts.started(p, hired_on) for p in known]
            )
        await _fill(database.superuser_url, how_many - sum(cohorts.values()))
        await _sweep(bonus, "2016-10-03")
        for first_day, second_day in MILESTONES:
            # Months are accrued by a look of their own, month by month, long before.
            await accruing.accrue_months(_context(bonus, first_day))
            found["nothing due, ms"] += await _look(bonus, "2016-10-04")
            found["due/s"].append(DUE / await _sweep(bonus, first_day))
            found["nothing due, ms"] += await _look(bonus, first_day)
            await accruing.accrue_months(_context(bonus, second_day))
            rate = DUE_ROW_BY_ROW / await _sweep_row_by_row(bonus, second_day)
            found["row by row, due/s"].append(rate)
    return found


async def _fill(url: str, persons: int) -> None:
    """Add so many persons with a placement whose next milestone lies ahead."""
    filling = await Database.connect(url, application_name="filling")
    async with filling.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        if persons > 0:
            await connection.execute(ADD_PERSONS, persons)
        await connection.execute(ADD_PLACEMENTS)
        await connection.execute("VACUUM ANALYZE")
    await filling.close()


async def _look(database: Database, day: str) -> list[float]:
    """Milliseconds of sweeps on a day on which nothing is due any more."""
    return [1000 * await _sweep(database, day) for _ in range(LOOKS)]


async def _sweep(database: Database, day: str) -> float:
    context = _context(database, day)
    began = time.perf_counter()
    await hearing.sweep(context)
    return time.perf_counter() - began


def _context(database: Database, day: str) -> ServiceContext:
    return ServiceContext(
        service_name="bonus",
        database=database,
        clock=clock_at(day),
        settings=Settings(),
        metrics=Metrics(),
    )


async def _sweep_row_by_row(database: Database, day: str) -> float:
    clock = clock_at(day)
    began = time.perf_counter()
    found = 1
    while found:
        async with begin_work(database, clock, service="bonus") as work:
            locked = await stored.lock_persons_to_look_at(work.connection, work.today, limit=1)
            await assess_persons(work, locked, {})
            found = len(locked)
    return time.perf_counter() - began


def main(_arguments: Sequence[str]) -> None:
    """Measure, keep and print."""
    found = asyncio.run(measure())
    save("sweep", found)
    show(
        f"The sweep; {DUE:,} due, row by row {DUE_ROW_BY_ROW}",
        ("open placements", "nothing due, ms (at most 5)", "due/s", "row by row", "ratio (10)"),
        [
            (
                f"{int(how_many):,}",
                spread(each["nothing due, ms"], 2),
                spread(each["due/s"]),
                spread(each["row by row, due/s"]),
                spread(ratios(each["due/s"], each["row by row, due/s"]), 1),
            )
            for how_many, each in found.items()
        ],
    )
