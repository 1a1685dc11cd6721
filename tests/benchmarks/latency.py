"""How long from an accepted report until the bonus event because of it is on the bus.

Accepted is the commit of placements' transaction. From there placements' relay, the bus, bonus's
consumer with the engine and bonus's relay do their part, each service in a process of its own; the
event is seen by a plain consumer of the topic. At 1,000 facts a second a report holds ten of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from services.bonus.service import SERVICE as BONUS
from services.placements.service import SERVICE as PLACEMENTS
from shared.database import Database
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.work import begin_work
from shared.runtime.clock import SystemClock
from tests.benchmarks import facts
from tests.benchmarks.ground import connected, open_kafka, open_postgres, started
from tests.benchmarks.results import percentile, save, show, spread
from tests.benchmarks.running import running

RATES: Final = ((100, 1), (1_000, 10))
"""Facts a second, and how many of them in a report."""
SECONDS: Final = 15
ROUNDS: Final = 3
ARRIVAL_SECONDS_MAX: Final = 60.0
TOPIC: Final = "bonus.events.v1"

COUNT_PERSONS = "SELECT count(*) FROM person"


class Watcher:
    """Notes when each fact's first bonus event was seen."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}

    async def watch(self, access: KafkaAccess) -> None:
        """Read the topic from now on, until cancelled."""
        consumer = AIOKafkaConsumer(
            TOPIC, bootstrap_servers=access.bootstrap_servers, auto_offset_reset="latest"
        )
        await consumer.start()
        try:
            async for record in consumer:
                cause = dict(record.headers).get("ce_causationid", b"").decode()
                self.seen.setdefault(cause, time.perf_counter())
        finally:
            await consumer.stop()


async def measure(seconds: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of every fact, by rate, all rounds together, and what each round's were."""
    found: dict[str, Any] = {
        str(rate): {"p50": [], "p99": [], "missing": 0, "facts_per_second": []} for rate, _ in RATES
    }
    async with open_postgres() as postgres, open_kafka() as access:
        database = await postgres.database([BONUS, PLACEMENTS])
        async with (
            connected(database, "bonus") as bonus,
            connected(database, "placements") as placements,
            started(KafkaTransport(access)) as bus,
            running("placements", database, access) as first,
            running("bonus", database, access) as second,
        ):
            await first.wait_until_ready()
            await second.wait_until_ready()
            await facts.publish(bus, facts.sectors())
            for _ in range(rounds):
                for rate, together in RATES:
                    persons = facts.new_persons(rate * seconds)
                    await _register(bus, bonus, persons)
                    delays, achieved = await _send(access, placements, persons, rate, together)
                    of_rate = found[str(rate)]
                    of_rate["missing"] += len(persons) - len(delays)
                    of_rate["p50"].append(percentile(delays, 50))
                    of_rate["p99"].append(percentile(delays, 99))
                    of_rate["facts_per_second"].append(achieved)
    return found


async def _register(bus: KafkaTransport, bonus: Database, persons: Sequence[str]) -> None:
    """Make the persons known to bonus beforehand."""
    async with bonus.connection() as connection:
        before: int = await connection.fetchval(COUNT_PERSONS)
        await facts.publish(bus, [facts.registered(each) for each in persons])
        async with asyncio.timeout(ARRIVAL_SECONDS_MAX * 5):
            while await connection.fetchval(COUNT_PERSONS) < before + len(persons):  # noqa: ASYNC110
                await asyncio.sleep(0.2)


async def _send(
    access: KafkaAccess, placements: Database, persons: Sequence[str], rate: int, together: int
) -> tuple[list[float], float]:
    """Milliseconds of each fact that arrived, and how many a second were really accepted."""
    watcher, accepted = Watcher(), dict[str, float]()
    watching = asyncio.create_task(watcher.watch(access))
    await asyncio.sleep(2)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as reports:
        for number, first in enumerate(range(0, len(persons), together)):
            await asyncio.sleep(max(0.0, began + number * together / rate - time.perf_counter()))
            reports.create_task(_report(placements, persons[first : first + together], accepted))
    achieved = len(accepted) / (time.perf_counter() - began)
    give_up_at = time.perf_counter() + ARRIVAL_SECONDS_MAX
    while len(watcher.seen.keys() & accepted.keys()) < len(accepted):
        if time.perf_counter() > give_up_at:
            break
        await asyncio.sleep(0.1)
    watching.cancel()
    await asyncio.wait([watching])
    arrived = watcher.seen.keys() & accepted.keys()
    return [1000 * (watcher.seen[each] - accepted[each]) for each in arrived], achieved


async def _report(placements: Database, persons: Sequence[str], accepted: dict[str, float]) -> None:
    async with begin_work(placements, SystemClock(), service="placements") as work:
        ids = [work.publish(facts.started(each)) for each in persons]
    now = time.perf_counter()
    accepted.update(dict.fromkeys(ids, now))


def main(arguments: Sequence[str]) -> None:
    """Measure, keep and print; the arguments are the seconds of each rate, and how many rounds."""
    seconds, rounds = (*map(int, arguments), *(SECONDS, ROUNDS)[len(arguments) :])
    found = asyncio.run(measure(seconds, rounds))
    save("latency", {"seconds": seconds, "rates": found})
    show(
        "From the accepted report to the bonus event on the bus",
        ("facts/s", "really accepted/s", "p50, ms", "p99, ms", "not seen"),
        [
            (
                rate,
                spread(each["facts_per_second"]),
                spread(each["p50"]),
                spread(each["p99"]),
                str(each["missing"]),
            )
            for rate, each in found.items()
        ],
    )
