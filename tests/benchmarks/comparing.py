"""Other rules over everybody stored: how many persons a second, three facts each and twelve each.

By the other rules nobody's amount is what it was, so that the money of everybody is asked for too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from services.bonus.domain.rules import Rules
from services.bonus.handlers.comparing import Comparison, Pair, compare_stored
from services.bonus.rules import load_rules
from services.bonus.service import SERVICE
from shared.contracts.placements import EmploymentConfirmed
from shared.database import Database
from shared.messaging.work import begin_work
from tests.benchmarks import facts
from tests.benchmarks.ground import connected, open_postgres
from tests.benchmarks.results import save, show, spread
from tests.support.clock import clock_at

PERSONS: Final = 10_000
ROUNDS: Final = 3
MONTHS: Final = 9
"""Confirmed beyond the half year: twelve facts a person."""
ON: Final = "2017-09-02"


async def measure(persons: int) -> dict[str, list[float]]:
    """Persons a second, by how many facts each has."""
    found: dict[str, list[float]] = {}
    known = facts.new_persons(persons)
    async with open_postgres() as postgres:
        database = await postgres.database([SERVICE])
        async with connected(database, "bonus") as bonus:
            await facts.tell(bonus, clock_at("2016-09-02"), facts.sectors())
            await facts.tell(bonus, clock_at(ON), [facts.registered(each) for each in known])
            await facts.tell(bonus, clock_at(ON), [facts.started(each) for each in known])
            await facts.tell(bonus, clock_at(ON), [facts.confirmed(each) for each in known])
            found["3"] = [await _compare(bonus, persons) for _ in range(ROUNDS)]
            for number in range(MONTHS):
                month = [_more_hours(each, number) for each in known]
                await facts.tell(bonus, clock_at(ON), month)
            found["12"] = [await _compare(bonus, persons) for _ in range(ROUNDS)]
    return found


def _more_hours(person: str, number: int) -> EmploymentConfirmed:
    first = date(2017, 3, 1) + timedelta(days=28 * number)
    return EmploymentConfirmed(
        placement=facts.placement_of(person),
        person=person,
        first_day=first,
        last_day=first + timedelta(days=27),
        hours="120.00",
    )


async def _compare(database: Database, persons: int) -> float:
    comparison = Comparison(listed_max=1_000)
    began = time.perf_counter()
    async with begin_work(database, clock_at(ON), service="bonus") as work:
        await compare_stored(
            work,
            Pair(load_rules(), _cheaper()),
            comparison,
            as_of=None,
            progress=lambda _done, _of_all: None,
        )
    assert comparison.sums.persons == comparison.persons == persons
    return persons / (time.perf_counter() - began)


def _cheaper() -> Rules:
    rules = load_rules()
    early = rules.ordinary.early_amount
    less = replace(early, versions=(replace(early.versions[0], value=18_000),))
    return replace(rules, ordinary=replace(rules.ordinary, early_amount=less))


def main(arguments: Sequence[str]) -> None:
    """Measure, keep and print; an argument is how many persons."""
    persons = int(arguments[0]) if arguments else PERSONS
    found: dict[str, Any] = asyncio.run(measure(persons))
    save("comparing", found)
    show(
        f"Other rules over {persons:,} persons",
        ("facts a person", "persons/s"),
        [(facts_each, spread(rates)) for facts_each, rates in found.items()],
    )
