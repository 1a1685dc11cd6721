"""A process that runs one relay or one consumer and is killed where the test says.

Run as `python -m tests.support.mortal relay|consumer URL ADDRESS POINT NTH`, with the address of a
bus under test: it kills itself with SIGKILL when it reaches the failpoint for the so-manieth time.
Nothing of it is cleaned up.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import cast

from shared.database import Database
from shared.messaging import failpoints
from shared.messaging.consumer import Consumer
from shared.messaging.failpoints import Point
from shared.messaging.relay import Relay
from shared.messaging.transport import Transport
from shared.observability.metrics import Metrics
from tests.support.lifelines import ending_with_me
from tests.support.messaging import HASTY, Bookkeeper, StandingClock
from tests.support.transports import open_address

BATCH_MAX = 10
LIFE_SECONDS_MAX = 60.0
CHECKOUT = Path(__file__).parents[2]


def die_at(point: Point, nth: int) -> None:
    """Have this process killed when it reaches the point for the so-manieth time."""
    times = 0

    async def die() -> None:
        nonlocal times
        times += 1
        if times == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.install(point, die)


async def live(kind: str, url: str, address: str) -> None:
    """Run the relay of membership or the consumer of bonus, until killed."""
    service = "membership" if kind == "relay" else "bonus"
    database = await Database.connect(url, application_name="mortal", schema=service)
    transport = open_address(address)
    await transport.start()
    await _start(kind, database, transport)
    await asyncio.sleep(LIFE_SECONDS_MAX)


async def _start(kind: str, database: Database, transport: Transport) -> None:
    if kind == "relay":
        relay = Relay(
            "membership",
            database=database,
            transport=transport,
            clock=StandingClock(),
            metrics=Metrics(),
            policy=HASTY,
            batch_rows_max=BATCH_MAX,
        )
        await relay.start()
        return
    consumer = Consumer(
        "bonus",
        Bookkeeper().hears(),
        database=database,
        transport=transport,
        clock=StandingClock(),
        metrics=Metrics(),
        policy=HASTY,
        batch_records_max=BATCH_MAX,
    )
    await consumer.start()


async def run_until_killed(
    kind: str, url: str, point: Point, *, nth: int, address: str | None = None
) -> None:
    """Run such a process to its end; fails when it ends in any other way.

    The bus is the one that is embedded in the database, unless an address is given.
    """
    process = await asyncio.create_subprocess_exec(
        *ending_with_me(
            *(sys.executable, "-m", "tests.support.mortal", kind, url),
            *(address or json.dumps({"kind": "embedded", "url": url}), point, str(nth)),
        ),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()


if __name__ == "__main__":
    die_at(cast("Point", sys.argv[4]), int(sys.argv[5]))
    asyncio.run(live(*sys.argv[1:4]))
