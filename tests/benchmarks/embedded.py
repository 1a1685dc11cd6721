"""What needs no Kafka: the relay on the embedded bus, and bonus's handlers without any bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.benchmarks import bonus_handlers, embedded_relay
from tests.benchmarks.ground import open_postgres
from tests.benchmarks.results import save, show
from tests.benchmarks.rounds import ROUNDS, Measured
from tests.support.messaging import open_world
from tests.support.postgres import database_maker


async def measure() -> list[Measured]:
    """Both, on a durable PostgreSQL of our own."""
    async with (
        open_postgres() as postgres,
        database_maker(postgres.server, {}) as make_database,
    ):
        async with open_world(make_database) as world:
            relayed = await embedded_relay.measure(world)
        return [relayed, await bonus_handlers.measure(make_database)]


def print_measured(measured: Sequence[Measured]) -> None:
    """The table, and the file of each."""
    for each in measured:
        save(each.name, {"ours": each.ours, each.other_name: each.others})
    title = f"Medians of {ROUNDS} interleaved rounds"
    show(title, ("what", "ours", "against", "ratio"), [each.row() for each in measured])


def main(_arguments: Sequence[str]) -> None:
    """Measure, keep and print."""
    print_measured(asyncio.run(measure()))
