"""The bare bound: aiokafka's batches, json.loads and COPY into the same tables, and nothing else.

Nothing is checked: no contract, no known id, no stopped key, no retry, no metric. An id that comes
twice would fail the whole batch. Persons are updated in one statement, since COPY can't.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer

from shared.contracts.envelope import new_event_id
from tests.benchmarks.stopwatch import Stopwatch
from tests.benchmarks.textbook import CONSUMER, TOPIC

BATCH_RECORDS_MAX: Final = 1_000

KEEP_PERSONS = """
INSERT INTO person (person, assessed_on, next_look_on)
SELECT DISTINCT person, $2::date, $2::date FROM unnest($1::uuid[]) AS person
ON CONFLICT (person) DO UPDATE
SET assessed_on = excluded.assessed_on, next_look_on = excluded.next_look_on
"""
TOLD = (
    '{"case":"%s","scheme":"ordinary","employer":"99000007","milestone":"M6",'
    '"status":"PENDING","law":"integrationsloven § 24 f","amount_ore":2000000,'
    '"due_on":"2017-03-01"}'
)
HEADERS = '[["ce_specversion","1.0"],["ce_id","%s"],["ce_type","dk.sammen.bonus.BonusAssessed.v1"]]'


async def consume(
    servers: str, connection: asyncpg.Connection, group: str, watch: Stopwatch
) -> None:
    """Consume until the watch has seen enough."""
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )
    await consumer.start()
    try:
        while not watch.finished.is_set():
            polled = await consumer.getmany(timeout_ms=50, max_records=BATCH_RECORDS_MAX)
            if not polled:
                continue
            watch.start()
            records = [record for some in polled.values() for record in some]
            async with connection.transaction():
                await _write(connection, records)
            watch.stop(len(records))
            await consumer.commit({place: some[-1].offset + 1 for place, some in polled.items()})
    finally:
        await consumer.stop()


async def _write(
    connection: asyncpg.Connection,
    records: list[Any],
) -> None:
    now = datetime.now(UTC)
    inbox: list[tuple[Any, ...]] = []
    facts: list[tuple[Any, ...]] = []
    outbox: list[tuple[Any, ...]] = []
    for record in records:
        headers, text = dict(record.headers), record.value.decode()
        event_id, person = headers["ce_id"].decode(), json.loads(text)["person"]
        told_at = datetime.fromisoformat(headers["ce_time"].decode())
        inbox.append((CONSUMER, event_id, now))
        facts.append((event_id, headers["ce_type"].decode().split(".")[-2], person, text, told_at))
        told, key = new_event_id(), person.encode()
        body = (TOLD % person).encode()
        outbox.append((told, "bonus.events.v1", key, body, HEADERS % told, now))
    await connection.copy_records_to_table(
        "inbox", records=inbox, columns=["consumer", "event_id", "claimed_at"]
    )
    await connection.execute(KEEP_PERSONS, [row[2] for row in facts], date(2017, 3, 2))
    await connection.copy_records_to_table(
        "fact", records=facts, columns=["fact_id", "name", "person", "content", "recorded_at"]
    )
    await connection.copy_records_to_table(
        "outbox",
        records=outbox,
        columns=["event_id", "topic", "key", "value", "headers", "created_at"],
    )
