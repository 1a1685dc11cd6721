"""A running membership service, as companies, caseworkers and a reader of its database see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shared.contracts.envelope import Decoded, Tombstone, decode
from shared.database import Database, Row
from shared.runtime.clock import SimulatedClock
from shared.web.identity import Role
from tests.support.services import SystemUnderTest

COMPANY, OTHER_COMPANY = "99000007", "99000015"
CONTACTS = "membership.contacts.v1"
EVENTS = "membership.events.v1"

CALLERS: Mapping[str, tuple[Role, Mapping[str, str]]] = {
    "company": ("company", {"cvr": COMPANY}),
    "other_company": ("company", {"cvr": OTHER_COMPANY}),
    "caseworker": ("caseworker", {}),
    "operations": ("operations", {}),
    "municipality": ("municipality", {"municipality": "0101"}),
    "approver": ("approver", {}),
    "finance": ("finance", {}),
}

OUTBOX = """
  SELECT topic, key, value, headers::text AS headers
    FROM membership.outbox
ORDER BY position
"""

IDA = {"name": "Ida Holm", "email": "ida@firma.example", "language": "da", "roles": []}
SAM = {"name": "Sam Reed", "email": "sam@firma.example", "language": "en", "roles": ["bonus"]}


@dataclass(frozen=True)
class Office:
    """A running membership service, its callers and its database."""

    system: SystemUnderTest
    owner: Database
    clock: SimulatedClock
    callers: dict[str, httpx.AsyncClient]
    anonymous: httpx.AsyncClient

    def __getitem__(self, name: str) -> httpx.AsyncClient:
        return self.callers[name]

    async def published(self, topic: str = EVENTS) -> list[Decoded | Tombstone]:
        """Everything told on a topic, decoded, in the order told."""
        told: list[Decoded | Tombstone] = []
        for row in await self.fetch(OUTBOX):
            headers = [
                (name, text.encode() if text is not None else None)
                for name, text in json.loads(row["headers"])
            ]
            read = decode(topic=row["topic"], key=row["key"], value=row["value"], headers=headers)
            assert isinstance(read, Decoded | Tombstone), read
            if row["topic"] == topic:
                told.append(read)
        return told

    async def contents(self, topic: str = EVENTS) -> list[tuple[str, dict[str, Any]]]:
        """Name and content of everything told on a topic; an erasure has its key as content."""
        return [
            (type(told.event).__name__, told.event.model_dump(mode="json", exclude_none=True))
            if isinstance(told, Decoded)
            else ("erased", {"key": told.key})
            for told in await self.published(topic)
        ]

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Rows of the database, read as its owner."""
        async with self.owner.connection() as connection:
            return await connection.fetch(query, *args)


def joining(*contacts: object, cvr: str = COMPANY, name: str = "Åen & Søn ApS") -> dict[str, Any]:
    """What a company tells when it joins."""
    return {"cvr": cvr, "name": name, "contacts": list(contacts)}


def pledge(**fields: object) -> dict[str, Any]:
    """What a company tells when it pledges."""
    return {"places": 12, "kind": "internship", "first_day": "2016-07-01", **fields}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
