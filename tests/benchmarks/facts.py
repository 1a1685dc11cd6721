"""Facts to measure with: persons registered, started at a private employer, and at work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final
from uuid import uuid4

from services.bonus.handlers import hearing
from shared.contracts.base import Event
from shared.contracts.envelope import encode, envelope_for
from shared.contracts.membership import EmployerSectorReported
from shared.contracts.placements import EmploymentConfirmed, PersonRegistered, PlacementStarted
from shared.database import Database
from shared.messaging.transport import OutgoingRecord, Transport
from shared.messaging.work import begin_work
from shared.values.clock import Clock
from tests.integration.bonus.office import received
from tests.support.messaging import cvrs

TOLD_AT: Final = datetime(2017, 3, 1, 9, tzinfo=UTC)
HIRED_ON: Final = date(2016, 9, 1)
EMPLOYERS: Final = tuple(cvrs(200))
BATCH: Final = 1_000
PUBLISHED_AT_ONCE: Final = 5_000


def new_persons(count: int) -> list[str]:
    """References of persons nobody has heard of."""
    return [str(uuid4()) for _ in range(count)]


def sectors() -> list[Event]:
    """Every employer is private."""
    return [
        EmployerSectorReported(employer=each, effective_from=date(2015, 1, 1), sector="private")
        for each in EMPLOYERS
    ]


def registered(person: str) -> PersonRegistered:
    """A refugee with a permit half a year old when hired."""
    return PersonRegistered(person=person, category="refugee", permit_granted_on=date(2016, 3, 10))


def started(person: str, started_on: date = HIRED_ON) -> PlacementStarted:
    """An ordinary job."""
    return PlacementStarted(
        placement=placement_of(person),
        person=person,
        employer=EMPLOYERS[hash(person) % len(EMPLOYERS)],
        kind="ordinary",
        started_on=started_on,
    )


def confirmed(person: str) -> EmploymentConfirmed:
    """Half a year at thirty hours a week in that job."""
    return EmploymentConfirmed(
        placement=placement_of(person),
        person=person,
        first_day=HIRED_ON,
        last_day=date(2017, 2, 28),
        hours="780.00",
    )


def placement_of(person: str) -> str:
    """The person's only placement."""
    return f"0101/{person[:18]}"


def record_of(event: Event, told_at: datetime = TOLD_AT) -> OutgoingRecord:
    """The event as its publisher's relay would bring it to the bus."""
    encoded = encode(event, envelope_for(event, time=told_at))
    return OutgoingRecord(encoded.topic, encoded.key, encoded.value, encoded.headers)


async def publish(transport: Transport, events: Sequence[Event]) -> None:
    """Bring the events to the bus."""
    for first in range(0, len(events), PUBLISHED_AT_ONCE):
        some = events[first : first + PUBLISHED_AT_ONCE]
        await transport.publish([record_of(each) for each in some])
        await asyncio.sleep(0)


async def tell(database: Database, clock: Clock, events: Sequence[Event]) -> None:
    """Let bonus hear the events by its own handlers, without any bus, a thousand at a time."""
    for first in range(0, len(events), BATCH):
        facts = [received(each, TOLD_AT) for each in events[first : first + BATCH]]
        async with begin_work(database, clock, service="bonus") as work:
            if isinstance(facts[0].event, EmployerSectorReported):
                await hearing.on_sectors(work, facts)
            else:
                await hearing.on_facts(work, facts)
