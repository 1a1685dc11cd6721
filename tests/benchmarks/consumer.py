"""The bonus consumer on Apache Kafka: ours, the textbook's, and the bare bound, in turns.

Every fact is about a person of its own, so that no batch saves an assessment by having two facts of
one person: half of them start a placement of a registered person, half confirm hours of a placement
that is known. Each round and side has a database of its own, copied from one in which the persons
are known, and a group of its own, which reads the same topic from its beginning. The time runs from
the first batch's arrival to the last one's commit.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import asyncpg
from faststream.kafka import KafkaBroker

from services.bonus.service import SERVICE
from shared.messaging.consumer import Consumer
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.work import Hears
from shared.observability.metrics import Metrics
from shared.runtime.plans import role_of
from tests.benchmarks import bound, facts, textbook
from tests.benchmarks.engine_out import ENGINE_OUT, PLACEMENTS
from tests.benchmarks.ground import Postgres, connected, open_kafka, open_postgres, started
from tests.benchmarks.results import ratios, save, show, spread
from tests.benchmarks.stopwatch import Stopwatch, TimedKafka
from tests.support.clock import clock_at
from tests.support.postgres import TestDatabase

BACKLOG: Final = 20_000
TEXTBOOK_FACTS: Final = 400
ENGINE_FACTS: Final = 8_000
TEXTBOOK_ENGINE_FACTS: Final = 200
ROUNDS: Final = 5
TODAY: Final = "2017-03-02"
SIDE_SECONDS_MAX: Final = 180.0


@dataclass(frozen=True)
class Place:
    """One side's turn: its own copy of the database, and its own group."""

    access: KafkaAccess
    database: TestDatabase
    group: str

    @property
    def url(self) -> str:
        return self.database.url(role_of("bonus"))


async def ours(place: Place, watch: Stopwatch, hears: Hears) -> None:
    """The product's consumer, unchanged, with this handler."""
    timed = TimedKafka(place.access, watch, place.group)
    async with started(timed) as transport, connected(place.database, "bonus") as database:
        consumer = Consumer(
            "bonus",
            hears,
            database=database,
            transport=transport,
            clock=clock_at(TODAY),
            metrics=Metrics(),
        )
        await consumer.start()
        await _until(watch)
        await consumer.stop()


async def textbook_keeping(place: Place, watch: Stopwatch) -> None:
    """The textbook without the engine."""
    settings = {"search_path": "bonus"}
    async with asyncpg.create_pool(place.url, min_size=1, server_settings=settings) as pool:
        today = clock_at(TODAY).now().date()
        servers = place.access.bootstrap_servers
        await _run(textbook.keeping(servers, pool, place.group, watch, today), watch)


async def textbook_assessing(place: Place, watch: Stopwatch) -> None:
    """The textbook with the engine."""
    async with connected(place.database, "bonus") as database:
        servers = place.access.bootstrap_servers
        broker = textbook.assessing(servers, database, clock_at(TODAY), place.group, watch)
        await _run(broker, watch)


async def bare(place: Place, watch: Stopwatch) -> None:
    """The bound."""
    connection = await asyncpg.connect(place.url, server_settings={"search_path": "bonus"})
    try:
        servers = place.access.bootstrap_servers
        async with asyncio.timeout(SIDE_SECONDS_MAX):
            await bound.consume(servers, connection, place.group, watch)
    finally:
        await connection.close()


async def _run(broker: KafkaBroker, watch: Stopwatch) -> None:
    await broker.start()
    try:
        await _until(watch)
    finally:
        await broker.stop()


async def _until(watch: Stopwatch) -> None:
    async with asyncio.timeout(SIDE_SECONDS_MAX):
        await watch.finished.wait()


Side = Callable[[Place, Stopwatch], Awaitable[None]]
SIDES: Final[dict[str, tuple[int, Side]]] = {
    "ours, engine out": (BACKLOG, lambda place, watch: ours(place, watch, ENGINE_OUT)),
    "textbook, engine out": (TEXTBOOK_FACTS, textbook_keeping),
    "bare bound": (BACKLOG, bare),
    "ours, engine in": (ENGINE_FACTS, lambda place, watch: ours(place, watch, PLACEMENTS)),
    "textbook, engine in": (TEXTBOOK_ENGINE_FACTS, textbook_assessing),
}
AGAINST: Final = (
    ("ours, engine out", "textbook, engine out", 30.0),
    ("ours, engine in", "textbook, engine in", 10.0),
    ("ours, engine out", "bare bound", 0.5),
)


async def prepare(postgres: Postgres, access: KafkaAccess) -> TestDatabase:
    """A database that knows the persons, and a topic that holds the facts."""
    prepared = await postgres.database([SERVICE])
    starting, working = facts.new_persons(BACKLOG // 2), facts.new_persons(BACKLOG // 2)
    async with connected(prepared, "bonus") as database:
        clock = clock_at("2017-03-01")
        await facts.tell(database, clock, facts.sectors())
        known = [facts.registered(each) for each in (*starting, *working)]
        await facts.tell(database, clock, known)
        await facts.tell(database, clock, [facts.started(each) for each in working])
    told = [
        fact
        for first, second in zip(starting, working, strict=True)
        for fact in (facts.started(first), facts.confirmed(second))
    ]
    async with started(KafkaTransport(access)) as transport:
        await facts.publish(transport, told)
    return prepared


async def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Rates and processor time of every side, by round."""
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in SIDES}
    async with open_postgres() as postgres, open_kafka() as access:
        prepared = await prepare(postgres, access)
        for _ in range(rounds):
            for name, (wanted, side) in SIDES.items():
                watch = Stopwatch(wanted)
                async with postgres.copy(prepared, [SERVICE]) as database:
                    await side(Place(access, database, f"measured.{uuid4()}"), watch)
                found[name]["facts_per_second"].append(watch.rate)
                found[name]["processor_us_per_fact"].append(watch.processor_us)
                found[name]["facts_per_batch"].append(watch.done / watch.batches)
    return {"rounds": rounds, "sides": found}


def print_found(found: dict[str, Any]) -> None:
    """Two tables: what each side did, and what that makes against the targets."""
    sides = found["sides"]
    show(
        f"The bonus consumer on Kafka, {found['rounds']} interleaved rounds",
        ("side", "facts/s", "Python us/fact", "facts/batch"),
        [
            (
                name,
                spread(side["facts_per_second"]),
                spread(side["processor_us_per_fact"]),
                spread(side["facts_per_batch"]),
            )
            for name, side in sides.items()
        ],
    )
    show(
        "Ratios within a round",
        ("this", "against", "ratio", "target"),
        [
            (
                this,
                that,
                spread(ratios(*(sides[each]["facts_per_second"] for each in (this, that))), 2),
                f"{target:g}",
            )
            for this, that, target in AGAINST
        ],
    )


def main(arguments: list[str]) -> None:
    """Measure, keep and print; the argument is how many rounds."""
    found = asyncio.run(measure(int(arguments[0]) if arguments else ROUNDS))
    save("consumer", json.loads(json.dumps(found)))
    print_found(found)
