"""How long one process of bonus, and two, take for the facts that piled up in an outage.

A third of them registers persons, a third starts placements, a third confirms hours. Each round
adds a new backlog while no process runs, then starts them, by turns one and two.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from services.bonus.service import SERVICE
from shared.contracts.base import Event
from shared.database import Database
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import Transport
from tests.benchmarks import facts
from tests.benchmarks.ground import connected, open_kafka, open_postgres, started
from tests.benchmarks.results import ratios, save, show, spread
from tests.benchmarks.running import running
from tests.support.postgres import TestDatabase

FACTS: Final = 50_000
ROUNDS: Final = 3
LOOK_SECONDS: Final = 0.2
DRAIN_SECONDS_MAX: Final = 600.0

COUNT_HEARD = "SELECT count(*) FROM inbox"


async def measure(how_many: int, rounds: int) -> dict[str, Any]:
    """Seconds to drain, and facts a second once under way, by how many processes and round."""
    found: dict[str, Any] = {
        str(processes): {"seconds": [], "facts_per_second": []} for processes in (1, 2)
    }
    async with open_postgres() as postgres, open_kafka() as access:
        database = await postgres.database([SERVICE])
        async with connected(database, "bonus") as bonus, started(KafkaTransport(access)) as bus:
            await facts.publish(bus, facts.sectors())
            told = len(facts.sectors())
            for _ in range(rounds):
                for processes in (1, 2):
                    told += await _add_backlog(bus, how_many)
                    seconds, rate = await _drain(database, bonus, access, processes, told)
                    found[str(processes)]["seconds"].append(seconds)
                    found[str(processes)]["facts_per_second"].append(rate)
    return found


async def _add_backlog(bus: Transport, how_many: int) -> int:
    persons = facts.new_persons(how_many // 3)
    told: list[Event] = [facts.registered(each) for each in persons]
    told += [facts.started(each) for each in persons]
    told += [facts.confirmed(each) for each in persons]
    await facts.publish(bus, told)
    return len(told)


async def _drain(
    database: TestDatabase, bonus: Database, access: KafkaAccess, processes: int, told: int
) -> tuple[float, float]:
    """Seconds from the start of the processes until all is heard; the rate from the first fact."""
    began = time.perf_counter()
    before = await _heard(bonus)
    first: tuple[float, int] | None = None
    async with AsyncExitStack() as stack, asyncio.timeout(DRAIN_SECONDS_MAX):
        for _ in range(processes):
            await stack.enter_async_context(running("bonus", database, access))
        heard = before
        while heard < told:
            await asyncio.sleep(LOOK_SECONDS)
            heard = await _heard(bonus)
            if first is None and heard > before:
                first = time.perf_counter(), heard
        ended = time.perf_counter()
    assert first is not None, "something was heard"
    return ended - began, (heard - first[1]) / (ended - first[0])


async def _heard(database: Database) -> int:
    async with database.connection() as connection:
        heard: int = await connection.fetchval(COUNT_HEARD)
        return heard


def main(arguments: Sequence[str]) -> None:
    """Measure, keep and print; the arguments are how many facts, and how many rounds."""
    how_many, rounds = (*map(int, arguments), *(FACTS, ROUNDS)[len(arguments) :])
    found = asyncio.run(measure(how_many, rounds))
    save("backlog", {"facts": how_many, "processes": found})
    one, two = (found[each]["facts_per_second"] for each in ("1", "2"))
    show(
        f"A backlog of {how_many:,} facts; two processes do {spread(ratios(two, one), 2)} times",
        ("processes", "seconds from their start", "facts/s once under way"),
        [
            (each, spread(found[each]["seconds"], 1), spread(found[each]["facts_per_second"]))
            for each in ("1", "2")
        ],
    )
