"""Every stored person once more: replayed as every night, and assessed anew after a change.

Three rounds over the same persons, by the command's own processes: the replay of all facts from
nothing; an assessment of persons last seen in 2017, which changes something for each of them (both
instalments are saved, told and kept); and another, which changes nothing.
`make bench ARGS="recompute 40000"` for fewer persons than 100,000.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Final

from services.bonus.handlers.rounds import Purpose
from services.commands.rounds import run_round
from tests.benchmarks.ground import open_postgres
from tests.benchmarks.multiplied import FACTS_OF_A_PERSON, TOLD, many_persons
from tests.benchmarks.results import save, show

PERSONS: Final = 100_000
PROCESSES: Final = 2
ROUNDS: Final[dict[str, Purpose]] = {
    "replay": "replay",
    "recompute, something changed for everybody": "recompute",
    "recompute, nothing changed": "recompute",
}
PROMISED: Final = {"replay": "180 s for 1,000,000 facts", "recompute": "300 s for 100,000 persons"}
ADDRESS: Final = "SAMMEN_BONUS_DATABASE_URL"


async def measure(persons: int) -> dict[str, Any]:
    """Seconds of each round, and for how many persons it found something."""
    found: dict[str, Any] = {"persons": persons}
    async with open_postgres() as postgres:
        database = await many_persons(postgres, persons // TOLD - 1)
        os.environ[ADDRESS] = database.url("sammen_bonus")
        try:
            for name, purpose in ROUNDS.items():
                outcome = await asyncio.to_thread(
                    run_round, purpose, processes=PROCESSES, anew=True
                )
                assert outcome.progress.persons == persons, outcome
                found[name] = {"seconds": outcome.seconds, "differ": outcome.progress.found}
        finally:
            del os.environ[ADDRESS]
    return found


def main(arguments: Sequence[str]) -> None:
    """Measure, keep and print; the argument is how many persons."""
    found = asyncio.run(measure(int(arguments[0]) if arguments else PERSONS))
    save("recompute", found)
    persons = found["persons"]
    show(
        f"{persons:,} persons, {persons * FACTS_OF_A_PERSON:,} facts, {PROCESSES} processes",
        ("round", "seconds", "persons/s", "differ", "at most"),
        [
            (
                name,
                f"{found[name]['seconds']:,.1f}",
                f"{persons / found[name]['seconds']:,.0f}",
                f"{found[name]['differ']:,}",
                PROMISED[purpose],
            )
            for name, purpose in ROUNDS.items()
        ],
    )
