"""Measure everything and print a table: `make bench`."""

from __future__ import annotations

import asyncio
import logging
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from shared.database import EmbeddedPostgres
from shared.observability.logs import configure_logs
from tests.benchmarks import bonus, embedded_bus, relay, rules
from tests.benchmarks.rounds import ROUNDS, Measured
from tests.support.messaging import open_world
from tests.support.postgres import database_maker


async def measure_all(folder: Path, console: Console) -> list[Measured]:
    """Every measurement, on a durable PostgreSQL of our own."""
    console.print("rules alone ...")
    measured = [await rules.measure()]
    postgres = EmbeddedPostgres(folder / "server")
    server = await postgres.start()
    try:
        async with database_maker(server, {}) as make_database:
            console.print("relay ...")
            async with open_world(make_database) as world:
                measured.append(await relay.measure(world))
            console.print("bonus ...")
            measured.append(await bonus.measure(make_database))
    finally:
        await postgres.stop()
    return measured


def main() -> None:
    """Measure and print."""
    configure_logs(sys.stderr, renderer="human", level="ERROR")
    logging.disable(logging.ERROR)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="sammen-bench-") as folder:
        Path(folder).chmod(0o755)
        measured = asyncio.run(measure_all(Path(folder), console))
    title = f"Medians of {ROUNDS} interleaved rounds; {platform.machine()}, {platform.platform()}"
    table = Table("what", "ours", "against", "ratio", title=title)
    for each in measured:
        table.add_row(*each.row())
    console.print(table)
    console.print("embedded bus, batches of a thousand and single records:")
    embedded_bus.main()


if __name__ == "__main__":
    main()
