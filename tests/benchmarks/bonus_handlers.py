"""Bonus: a batch of facts in one transaction, against one fact and one transaction at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.bonus.handlers import hearing
from services.bonus.service import SERVICE
from shared.contracts.base import Event
from shared.contracts.placements import EmploymentConfirmed, PersonRegistered, PlacementStarted
from shared.messaging.work import Received
from tests.benchmarks.rounds import Measured, in_turns
from tests.integration.bonus.office import received
from tests.support.clock import clock_at
from tests.support.postgres import DatabaseFactory
from tests.support.services import SystemUnderTest, prepared_database, running_system

PERSONS_IN_A_BATCH = 400
PERSONS_ONE_BY_ONE = 40
FACTS_OF_A_PERSON = 3
TOLD_AT = datetime(2017, 3, 1, 9, tzinfo=UTC)


async def measure(make_database: DatabaseFactory) -> Measured:
    """Facts a second, kept, assessed, posted and told, by handlers of a running service."""
    database = await prepared_database(make_database, [SERVICE])
    async with running_system(database, [SERVICE], clock=clock_at("2017-03-02")) as system:
        return await in_turns(
            "bonus, facts with engine and ledger",
            lambda: _hear(system, PERSONS_IN_A_BATCH, together=True),
            "one transaction each",
            lambda: _hear(system, PERSONS_ONE_BY_ONE, together=False),
        )


async def _hear(system: SystemUnderTest, persons: int, *, together: bool) -> int:
    facts = [received(event, TOLD_AT) for _ in range(persons) for event in _facts_of_one()]
    batches: Sequence[Sequence[Received[Any]]] = [facts] if together else [[each] for each in facts]
    context = system.system.context("bonus")
    for batch in batches:
        async with context.begin() as work:
            await hearing.on_facts(work, batch)
    return persons * FACTS_OF_A_PERSON


def _facts_of_one() -> list[Event]:
    person = str(uuid4())
    mine = {"placement": f"0101/{person[:18]}", "person": person}
    return [
        PersonRegistered(person=person, category="refugee", permit_granted_on=date(2016, 3, 10)),
        PlacementStarted(
            placement=mine["placement"],
            person=person,
            employer="99000007",
            kind="ordinary",
            started_on=date(2016, 9, 1),
        ),
        EmploymentConfirmed(
            placement=mine["placement"],
            person=person,
            first_day=date(2016, 9, 1),
            last_day=date(2017, 2, 28),
            hours="780.00",
        ),
    ]
