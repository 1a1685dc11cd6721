"""The relay on Apache Kafka: a thousand rows a round trip, against one row at a time.

One row at a time is what an outbox without batches does: select the oldest row, send it and wait
for all copies, mark it, each row a transaction of its own. Both sides find the same rows waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer

from services.bonus.service import SERVICE
from shared.database import Database
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.relay import Relay
from shared.messaging.work import begin_work
from shared.observability.metrics import Metrics
from shared.runtime.clock import SystemClock
from shared.runtime.plans import role_of
from tests.benchmarks import facts
from tests.benchmarks.engine_out import assessed
from tests.benchmarks.ground import connected, open_kafka, open_postgres, started
from tests.benchmarks.results import ratios, save, show, spread
from tests.support.postgres import TestDatabase

ROWS: Final = 60_000
ROWS_ONE_BY_ONE: Final = 200
ROUNDS: Final = 5
LOOK_SECONDS: Final = 0.02

OLDEST = """
SELECT position, topic, key, value, headers
FROM outbox
WHERE position = (
    SELECT position FROM outbox_waiting ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED
)
"""
MARK = "DELETE FROM outbox_waiting WHERE position = $1"
IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM outbox_waiting)"


async def measure(rounds: int) -> dict[str, list[float]]:
    """Rows a second from the outbox to the bus, on both sides, by round."""
    found: dict[str, list[float]] = {"ours": [], "one row at a time": []}
    async with open_postgres() as postgres, open_kafka() as access:
        database = await postgres.database([SERVICE])
        url = database.url(role_of("bonus"))
        async with connected(database, "bonus") as bonus:
            for number in range(1 + rounds):
                await _write(bonus, ROWS)
                await _vacuum(database)
                ours = await _relay(bonus, access)
                await _write(bonus, ROWS_ONE_BY_ONE)
                await _vacuum(database)
                others = await _one_by_one(url, access)
                # The first round warms up a broker that has only just started: for both sides.
                if number:
                    found["ours"].append(ours)
                    found["one row at a time"].append(others)
    return found


async def _vacuum(database: TestDatabase) -> None:
    """Neither side walks over what the other one left behind."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await connection.execute("VACUUM (ANALYZE) bonus.outbox_waiting")
    finally:
        await connection.close()


async def _write(database: Database, rows: int) -> None:
    """Fill the outbox with that many events."""
    for first in range(0, rows, facts.BATCH):
        async with begin_work(database, SystemClock(), service="bonus") as work:
            for person in facts.new_persons(min(facts.BATCH, rows - first)):
                work.publish(assessed(person))


async def _relay(database: Database, access: KafkaAccess) -> float:
    async with started(KafkaTransport(access)) as transport:
        # Once before, so that connecting is in neither side's time.
        await facts.publish(transport, [assessed("warming-up")])
        relay = Relay(
            "bonus",
            database=database,
            transport=transport,
            clock=SystemClock(),
            metrics=Metrics(),
        )
        began = time.perf_counter()
        await relay.start()
        while not await _is_empty(database):  # noqa: ASYNC110 # the relay has no such signal
            await asyncio.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - began
        await relay.stop()
    return ROWS / seconds


async def _is_empty(database: Database) -> bool:
    async with database.connection() as connection:
        return bool(await connection.fetchval(IS_EMPTY))


async def _one_by_one(url: str, access: KafkaAccess) -> float:
    producer = AIOKafkaProducer(
        bootstrap_servers=access.bootstrap_servers, enable_idempotence=True, acks="all"
    )
    await producer.start()
    connection = await asyncpg.connect(url, server_settings={"search_path": "bonus"})
    rows = 0
    try:
        await producer.send_and_wait("bonus.events.v1", b"{}", b"warming-up")
        began = time.perf_counter()
        while await _send_oldest(connection, producer):
            rows += 1
        return rows / (time.perf_counter() - began)
    finally:
        await connection.close()
        await producer.stop()


async def _send_oldest(connection: asyncpg.Connection, producer: AIOKafkaProducer) -> bool:
    async with connection.transaction():
        row = await connection.fetchrow(OLDEST)
        if row is None:
            return False
        await producer.send_and_wait(row["topic"], row["value"], row["key"])
        await connection.execute(MARK, row["position"])
    return True


def main(arguments: Sequence[str]) -> None:
    """Measure, keep and print; the argument is how many rounds."""
    found = asyncio.run(measure(int(arguments[0]) if arguments else ROUNDS))
    save("relay", {"rows_per_second": found})
    ours, others = found["ours"], found["one row at a time"]
    row = (spread(ours), spread(others), spread(ratios(ours, others), 1), "100")
    show("The relay on Kafka, rows/s", ("ours", "one row at a time", "ratio", "target"), [row])
