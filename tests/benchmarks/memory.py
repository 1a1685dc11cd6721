"""Whether the services' memory grows with the events that pass: all five, each in its process.

Facts go into placements' outbox and companies into membership's; all else follows. After each step,
once everything is quiet, the memory of every process is read. A short form by default;
`make bench ARGS="memory 1000000"` is the long one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from typing import Any, Final

from services.bonus.service import SERVICE as BONUS
from services.evaluation.service import SERVICE as EVALUATION
from services.membership.service import SERVICE as MEMBERSHIP
from services.notifications.service import SERVICE as NOTIFICATIONS
from services.placements.service import SERVICE as PLACEMENTS
from shared.contracts.base import Event
from shared.contracts.membership import CompanyJoined
from shared.database import Database
from shared.messaging.work import begin_work
from shared.runtime.clock import SystemClock
from tests.benchmarks import facts
from tests.benchmarks.ground import connected, open_kafka, open_postgres
from tests.benchmarks.results import save, show
from tests.benchmarks.running import running

EVENTS: Final = 20_000
STEPS: Final = 10
QUIET_LOOKS: Final = 3
LOOK_SECONDS: Final = 2.0
SERVICES: Final = (MEMBERSHIP, PLACEMENTS, BONUS, NOTIFICATIONS, EVALUATION)

COUNT = """
SELECT (SELECT count(*) FROM inbox) AS heard,
       (SELECT count(*) FROM outbox) AS told,
       (SELECT count(*) FROM outbox_waiting) AS waiting
"""


async def measure(events: int) -> dict[str, Any]:
    """Megabytes of each service, and events it heard or told, after each step."""
    steps: list[dict[str, Any]] = []
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(open_postgres())
        access = await stack.enter_async_context(open_kafka())
        database = await postgres.database(SERVICES)
        databases = {
            each.name: await stack.enter_async_context(connected(database, each.name))
            for each in SERVICES
        }
        processes = {
            each.name: await stack.enter_async_context(running(each.name, database, access))
            for each in SERVICES
        }
        for process in processes.values():
            await process.wait_until_ready()
        await _tell(databases["membership"], "membership", facts.sectors())
        for _ in range(STEPS + 1):
            passed = await _quiet(databases)
            megabytes = {name: each.resident_megabytes() for name, each in processes.items()}
            steps.append({"events": passed, "megabytes": megabytes})
            # The long form takes most of an hour: what was seen so far is kept.
            save("memory", {"facts": events, "steps": steps})
            sys.stderr.write(f"step {len(steps) - 1} of {STEPS}: {megabytes}\n")
            if len(steps) <= STEPS:
                await _step(databases, events // STEPS)
    return {"steps": steps}


async def _step(databases: Mapping[str, Database], events: int) -> None:
    persons = facts.new_persons(events // 3)
    told: list[Event] = [facts.registered(each) for each in persons]
    told += [facts.started(each) for each in persons]
    told += [facts.confirmed(each) for each in persons]
    await _tell(databases["placements"], "placements", told)
    joined = [
        CompanyJoined(cvr=each, joined_on=date(2016, 9, 1))
        for number in range(events)
        if (each := facts.EMPLOYERS[number % len(facts.EMPLOYERS)])
    ]
    await _tell(databases["membership"], "membership", joined)


async def _tell(database: Database, service: str, events: Sequence[Event]) -> None:
    for first in range(0, len(events), facts.BATCH):
        async with begin_work(database, SystemClock(), service=service) as work:
            for each in events[first : first + facts.BATCH]:
                work.publish(each)


async def _quiet(databases: Mapping[str, Database]) -> dict[str, int]:
    """Wait until nothing moves any more; how many events each has heard or told by then."""
    before: dict[str, tuple[int, int, int]] = {}
    still = 0
    while still < QUIET_LOOKS:
        await asyncio.sleep(LOOK_SECONDS)
        now = {name: await _count(database) for name, database in databases.items()}
        waiting = sum(each[2] for each in now.values())
        still = still + 1 if now == before and not waiting else 0
        before = now
    return {name: heard + told for name, (heard, told, _) in before.items()}


async def _count(database: Database) -> tuple[int, int, int]:
    async with database.connection() as connection:
        row = await connection.fetchrow(COUNT)
    assert row is not None, "an aggregate always has one row"
    return row["heard"], row["told"], row["waiting"]


def main(arguments: Sequence[str]) -> None:
    """Measure, keep and print; the argument is how many events."""
    events = int(arguments[0]) if arguments else EVENTS
    began = datetime.now(UTC)
    steps = asyncio.run(measure(events))["steps"]
    save("memory", {"began": began.isoformat(), "facts": events, "steps": steps})
    names = [each.name for each in SERVICES]
    show(
        f"Megabytes resident after a step (events heard or told in brackets), {events:,} facts",
        ("step", *names),
        [
            (
                str(number),
                *(f"{step['megabytes'][n]:.0f} ({step['events'][n]:,})" for n in names),
            )
            for number, step in enumerate(steps)
        ],
    )
