"""The embedded bus by itself: `make bench ARGS=embedded_bus`.

Publishing and consuming in batches of a thousand records of a usual size, and how long one record
takes from the call that publishes it to the handler that gets it; PostgreSQL durable.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from shared.database import EmbeddedPostgres
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.transport import OutgoingRecord, Record, Subscription
from tests.support.buses import READER, WRITER
from tests.support.lifelines import guarded
from tests.support.transports import EmbeddedBus, embedded_bus

BATCH = 1_000
BATCHES = 40
KEYS = 5_000
LONE_RECORDS = 300
LONE_RECORD_EVERY_SECONDS = 0.01
ROUNDS = 3

HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"0198f2a0-7c1e-7b52-9d3a-0123456789ab"),
    ("ce_source", b"/sammen/placements"),
    ("ce_type", b"dk.sammen.placements.PlacementStarted.v1"),
    ("ce_time", b"2017-02-01T09:00:00.000000Z"),
    ("ce_subject", b"0101/2017-00042"),
    ("ce_correlationid", b"0198f2a0-7c1e-7b52-9d3a-0123456789ab"),
    ("content-type", b"application/json"),
)


def _record(topic: str, number: int, value: bytes) -> OutgoingRecord:
    return OutgoingRecord(topic, b"person-%032d" % (number % KEYS), value, HEADERS)


async def _publish(writer: EmbeddedTransport, topic: str) -> float:
    batches = [
        [_record(topic, batch * BATCH + number, b"x" * 280) for number in range(BATCH)]
        for batch in range(BATCHES)
    ]
    began = time.perf_counter()
    for batch in batches:
        await writer.publish(batch)
    return BATCH * BATCHES / (time.perf_counter() - began)


async def _consume(reader: EmbeddedTransport, topic: str, group: str) -> float:
    left = BATCH * BATCHES
    done = asyncio.Event()

    async def handle(batch: Sequence[Record]) -> None:
        nonlocal left
        left -= len(batch)
        if left == 0:
            done.set()

    consumer = reader.consumer(Subscription(group, (topic,), batch_records_max=BATCH), handle)
    began = time.perf_counter()
    await consumer.start()
    await done.wait()
    seconds = time.perf_counter() - began
    await consumer.stop()
    return BATCH * BATCHES / seconds


async def _delays(
    writer: EmbeddedTransport, reader: EmbeddedTransport, topic: str, group: str
) -> list[float]:
    """Seconds from publishing to the handler, shortest first."""
    delays: list[float] = []

    async def handle(batch: Sequence[Record]) -> None:
        now = time.perf_counter()
        delays.extend(now - float(each.value or b"") for each in batch)

    consumer = reader.consumer(Subscription(group, (topic,)), handle)
    await consumer.start()
    for number in range(LONE_RECORDS):
        await writer.publish([_record(topic, number, b"%.9f" % time.perf_counter())])
        await asyncio.sleep(LONE_RECORD_EVERY_SECONDS)
    await consumer.stop()
    return sorted(delays)


async def _measure(bus: EmbeddedBus) -> None:
    url = bus.database.url
    writer, reader = (EmbeddedTransport(url(f"sammen_{each}")) for each in (WRITER, READER))
    await writer.start()
    await reader.start()
    for turn in range(ROUNDS):
        for name in (f"bulk.{turn}", f"lone.{turn}"):
            await bus.create_topic(name, partitions=12)
        published = await _publish(writer, f"bulk.{turn}")
        consumed = await _consume(reader, f"bulk.{turn}", f"{READER}.bulk")
        delays = await _delays(writer, reader, f"lone.{turn}", f"{READER}.lone")
        median, late = statistics.median(delays), delays[len(delays) * 99 // 100]
        print(  # noqa: T201 - a benchmark prints
            f"published {published:,.0f}/s, consumed {consumed:,.0f}/s, one record after "
            f"{median * 1000:.1f} ms (p99 {late * 1000:.1f} ms)"
        )
    await writer.close()
    await reader.close()


async def _measure_all(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "server")
    try:
        async with embedded_bus(await postgres.start(), {}) as bus:
            await _measure(bus)
    finally:
        await postgres.stop()


def main(_arguments: Sequence[str]) -> None:
    """Measure on a durable server of our own, and print."""
    folder = Path(tempfile.mkdtemp(prefix="sammen-bench-"))
    with guarded(folder):
        folder.chmod(0o755)
        asyncio.run(_measure_all(folder))
