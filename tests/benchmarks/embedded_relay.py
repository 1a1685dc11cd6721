"""The relay on the embedded bus: a thousand rows a round trip, against one row at a time."""

from __future__ import annotations

import asyncio

from shared.database import Database
from shared.messaging import outbox
from shared.messaging.relay import Relay
from shared.messaging.work import begin_work
from shared.observability.metrics import Metrics
from tests.benchmarks.rounds import Measured, in_turns
from tests.support.messaging import World, cvrs, joined, open_bus

ROWS_IN_BATCHES = 5_000
ROWS_ONE_BY_ONE = 150


async def measure(world: World) -> Measured:
    """Rows a second from the outbox to the bus."""
    return await in_turns(
        "relay, rows",
        lambda: _relay(world, ROWS_IN_BATCHES, batch_rows_max=1_000),
        "one row at a time",
        lambda: _relay(world, ROWS_ONE_BY_ONE, batch_rows_max=1),
    )


async def _relay(world: World, rows: int, *, batch_rows_max: int) -> int:
    cvr = cvrs(1)[0]
    async with begin_work(world.membership, world.clock, service="membership") as work:
        for _ in range(rows):
            work.publish(joined(cvr))
    transport = open_bus(world.url("membership"))
    await transport.start()
    relay = Relay(
        "membership",
        database=world.membership,
        transport=transport,
        clock=world.clock,
        metrics=Metrics(),
        batch_rows_max=batch_rows_max,
    )
    try:
        await relay.start()
        while await _waiting(world.membership):  # noqa: ASYNC110 # the relay has no such signal
            await asyncio.sleep(0.005)
    finally:
        await relay.stop()
        await transport.close()
    return rows


async def _waiting(database: Database) -> int:
    async with database.connection() as connection:
        return (await outbox.count_waiting(connection)).rows
