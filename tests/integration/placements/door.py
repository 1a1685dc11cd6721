"""The door of a running system, as senders and a curious reader of the database see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from shared.database import Database, Row
from shared.runtime.clock import SimulatedClock
from shared.web.identity import Role
from tests.support.services import SystemUnderTest

COPENHAGEN, ODENSE = "0101", "0461"
COMPANY, OTHER_COMPANY = "99000007", "99000015"
NUMBER, OTHER_NUMBER = "610180-0001", "620281-0002"

Fact = Mapping[str, object]

PUBLISHED = """
  SELECT topic, convert_from(key, 'UTF8') AS key, convert_from(value, 'UTF8') AS value,
         headers::text AS headers
    FROM placements.outbox
ORDER BY position
"""


@dataclass(frozen=True)
class Published:
    """One event in the outbox."""

    topic: str
    key: str
    name: str
    time: datetime
    content: dict[str, Any]
    cause: str | None
    event_id: str


@dataclass(frozen=True)
class Caller:
    """One party with a token."""

    http: httpx.AsyncClient

    async def register(self, number: str = NUMBER, **fields: object) -> str:
        """The reference of a number, registered with these fields."""
        answer = await self.try_to_register(number, **fields)
        assert answer.status_code == 200, answer.text
        person: str = answer.json()["person"]
        return person

    async def try_to_register(self, number: str = NUMBER, **fields: object) -> httpx.Response:
        """Whatever is answered to a registration; a field that is None is left out."""
        content = {
            "civil_registration_number": number,
            "category": "refugee",
            "permit_granted_on": "2016-03-01",
            "purpose": "placement",
            **fields,
        }
        told = {name: value for name, value in content.items() if value is not None}
        return await self.http.post("/placements/v1/persons", json=told)

    async def tell(self, *facts: object) -> list[dict[str, Any]]:
        """The outcomes of reported facts."""
        # httpx's own encoder can't write half a character, as a hostile sender can.
        answer = await self.http.post(
            "/placements/v1/reports",
            content=json.dumps(facts),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 200, answer.text
        outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
        return outcomes

    async def words(self, *facts: object) -> list[str]:
        """The outcomes of reported facts: a word each, with the reason where there is one."""
        return [word(outcome) for outcome in await self.tell(*facts)]


@dataclass(frozen=True)
class Door:
    """A running placements service, its callers and its database."""

    system: SystemUnderTest
    reader: Database
    clock: SimulatedClock
    callers: dict[str, Caller]

    def __getitem__(self, name: str) -> Caller:
        return self.callers[name]

    async def published(self, topic: str = "placements.events.v1") -> list[Published]:
        """Everything told on a topic, in the order told."""
        rows = await self.fetch(PUBLISHED)
        return [event for event in map(_published, rows) if event.topic == topic]

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Rows of the database, read by somebody who may read everything."""
        async with self.reader.connection() as connection:
            return await connection.fetch(query, *args)


CALLERS: Mapping[str, tuple[Role, Mapping[str, str]]] = {
    "copenhagen": ("municipality", {"municipality": COPENHAGEN}),
    "odense": ("municipality", {"municipality": ODENSE}),
    "company": ("company", {"cvr": COMPANY}),
    "other_company": ("company", {"cvr": OTHER_COMPANY}),
    "caseworker": ("caseworker", {}),
    "finance": ("finance", {}),
}


def started(report_id: str, person: str, placement: str = "7", **fields: object) -> dict[str, Any]:
    """A fact: somebody starts."""
    return {
        "report_id": report_id,
        "fact": "PlacementStarted",
        "placement": placement,
        "person": person,
        "employer": COMPANY,
        "kind": "ordinary",
        "started_on": "2017-02-01",
        **fields,
    }


def ended(report_id: str, placement: str = "7", last_day: str = "2017-02-20") -> dict[str, Any]:
    """A fact: a placement ends."""
    return {
        "report_id": report_id,
        "fact": "PlacementEnded",
        "placement": placement,
        "last_day": last_day,
        "reason": "resigned",
    }


def retracted(report_id: str, placement: str = "7") -> dict[str, Any]:
    """A fact: it has not ended."""
    return {"report_id": report_id, "fact": "PlacementEndRetracted", "placement": placement}


def word(outcome: Mapping[str, Any]) -> str:
    """`accepted`, or `refused: reason`."""
    if "problem" not in outcome:
        return str(outcome["outcome"])
    return f"{outcome['outcome']}: {outcome['problem']['type'].rpartition(':')[2]}"


def names(events: Sequence[Published]) -> list[str]:
    """The names of events."""
    return [event.name for event in events]


def _published(row: Row) -> Published:
    headers = dict(json.loads(row["headers"]))
    return Published(
        topic=row["topic"],
        key=row["key"],
        name=headers["ce_type"].split(".")[-2],
        time=datetime.fromisoformat(headers["ce_time"]),
        content=json.loads(row["value"]),
        cause=headers.get("ce_causationid"),
        event_id=headers["ce_id"],
    )
