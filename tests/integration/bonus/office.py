"""A bonus office: the running service, facts told to its handlers, and a reader of its tables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.bonus.handlers import hearing
from shared.contracts.base import Event
from shared.contracts.envelope import new_event_id
from shared.contracts.membership import EmployerSectorReported
from shared.contracts.placements import (
    EmploymentConfirmed,
    PersonRegistered,
    PlacementStarted,
)
from shared.database import Database, Row
from shared.messaging.work import Cause, Received
from shared.runtime.clock import SimulatedClock
from tests.support.services import SystemUnderTest

EMPLOYER = "99000007"
OTHER_EMPLOYER = "99000015"
PERSON = "0192f0a0-0000-4000-8000-000000000001"
PLACEMENT = "0101/2016-0001"
HIRED_ON = date(2016, 9, 1)

INSTALMENTS = """
SELECT employer, scheme, milestone, due_on, amount_ore, status, reason
  FROM bonus.instalment
 ORDER BY employer, scheme, due_on
"""
BALANCES = """
SELECT posting.account, sum(posting.amount_ore)::bigint AS ore
  FROM bonus.ledger_posting AS posting
 WHERE posting.account NOT IN ('bonus_accrued', 'accrued_contra')
 GROUP BY posting.account
HAVING sum(posting.amount_ore) <> 0
"""
ASSESSMENTS = """
SELECT headers::text AS headers, convert_from(value, 'UTF8')::jsonb ->> 'employer' AS employer
  FROM bonus.outbox
 WHERE headers::text LIKE '%.BonusAssessed.v1%'
"""
PUBLISHED = "SELECT headers::text AS headers FROM bonus.outbox"


def received(event: Event, occurred_at: datetime, event_id: str | None = None) -> Received[Any]:
    """The event as a consumer hands it to a handler."""
    identity = event_id or new_event_id()
    return Received(
        event=event,
        event_id=identity,
        occurred_at=occurred_at,
        topic=event.topic,
        partition=0,
        offset=0,
        key=event.partition_key(),
        cause=Cause(identity, identity),
    )


@dataclass(frozen=True)
class Office:
    """The bonus service at work, on a day the test chooses."""

    system: SystemUnderTest
    owner: Database
    clock: SimulatedClock

    async def hear(self, *events: Event | Received[Any]) -> None:
        """Tell the facts now, as one batch."""
        told = [
            event
            if isinstance(event, Received)
            else received(event, self.clock.now() + timedelta(microseconds=number))
            for number, event in enumerate(events)
        ]
        context = self.system.system.context("bonus")
        sectors = [each for each in told if isinstance(each.event, EmployerSectorReported)]
        facts = [each for each in told if each not in sectors]
        async with context.begin() as work:
            if sectors:
                await hearing.on_sectors(work, sectors)
        async with context.begin() as work:
            if facts:
                await hearing.on_facts(work, facts)

    async def advance_to(self, day: str) -> None:
        """Let the time pass, and the day's sweep be done."""
        self.clock.advance_to(datetime.fromisoformat(f"{day}T10:00+00:00"))
        await self.system.settled()

    async def instalments(self) -> list[tuple[str, str, int, str, str | None]]:
        """Employer, milestone, kroner, status and reason of every instalment."""
        rows = await self._rows(INSTALMENTS)
        return [
            (r["employer"], r["milestone"], r["amount_ore"] // 100, r["status"], r["reason"])
            for r in rows
        ]

    async def balances(self) -> dict[str, int]:
        """What each account holds in kroner, over all cases; no memorandum, no empty ones."""
        return {row["account"]: row["ore"] // 100 for row in await self._rows(BALANCES)}

    async def causes_of_assessments(self) -> dict[str, set[str]]:
        """The events that led to assessments, by the employer assessed."""
        causes: dict[str, set[str]] = defaultdict(set)
        for row in await self._rows(ASSESSMENTS):
            headers = dict(json.loads(row["headers"]))
            causes[row["employer"]].add(headers["ce_causationid"])
        return causes

    async def count_published(self, event_name: str) -> int:
        """How many events of this name were ever put into the outbox."""
        return sum(f".{event_name}.v1" in row["headers"] for row in await self._rows(PUBLISHED))

    async def _rows(self, query: str, *arguments: object) -> Sequence[Row]:
        async with self.owner.connection() as connection:
            rows: Sequence[Row] = await connection.fetch(query, *arguments)
            return rows


def person(**changes: object) -> PersonRegistered:
    """A refugee with a permit of March 2016."""
    fields = {"person": PERSON, "category": "refugee", "permit_granted_on": date(2016, 3, 10)}
    return PersonRegistered.model_validate({**fields, **changes})


def private(employer: str = EMPLOYER) -> EmployerSectorReported:
    """A private employer, since before the scheme."""
    return EmployerSectorReported(
        employer=employer, effective_from=date(2015, 1, 1), sector="private"
    )


def hired(**changes: object) -> PlacementStarted:
    """An ordinary job from 1 September 2016."""
    fields = {
        "placement": PLACEMENT,
        "person": PERSON,
        "employer": EMPLOYER,
        "kind": "ordinary",
        "started_on": HIRED_ON,
    }
    return PlacementStarted.model_validate({**fields, **changes})


def worked(first_day: str, last_day: str, hours: str) -> EmploymentConfirmed:
    """Hours of a period in the job."""
    return EmploymentConfirmed(
        placement=PLACEMENT,
        person=PERSON,
        first_day=date.fromisoformat(first_day),
        last_day=date.fromisoformat(last_day),
        hours=hours,
    )


HALF_YEAR = worked("2016-09-01", "2017-02-28", "780.00")
"""Thirty hours a week from the hire date to the first milestone."""
