"""Placements' handlers over a real database, one work at a time or several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from services.placements.domain.person_numbers import parse_person_number
from services.placements.domain.persons import PersonFields
from services.placements.handlers.persons import erase_number, register_person, reveal_number
from services.placements.store.vault import Access
from services.placements.vault import Vault
from shared.database import Database, Row
from shared.messaging.work import Work, begin_work
from tests.support.clock import clock_at
from tests.support.waiting import until

T = TypeVar("T")

DIGITS = "6101800001"
VAULT = Vault(bytes(range(32)))
CLOCK = clock_at("2017-03-01")
ACCESS = Access("anna", "0101", "placement", datetime(2017, 3, 1, tzinfo=UTC))
TOLD = PersonFields("refugee", date(2016, 3, 1))

COUNT_BLOCKED = """
SELECT count(*)
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND wait_event_type = 'Lock'
"""


@dataclass(frozen=True)
class Rooms:
    """One database, as the service and as somebody who may do everything."""

    service: Database
    everything: Database

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """One work of the service."""
        return begin_work(self.service, CLOCK, service="placements")

    async def register(self, digits: str = DIGITS, vault: Vault = VAULT) -> str:
        """The reference of a number."""
        async with self.begin() as work:
            return await register(work, digits, vault)

    async def reveal(self, person: str) -> str:
        """The number of a reference."""
        async with self.begin() as work:
            return await reveal_number(work, VAULT, person, ACCESS)

    async def erase(self, person: str) -> None:
        """Destroy the number of a reference."""
        async with self.begin() as work:
            await erase_number(work, person, ACCESS)

    async def fetch(self, query: str) -> list[Row]:
        """Rows of the database."""
        async with self.everything.connection() as connection:
            return await connection.fetch(query)

    async def operations(self) -> list[str]:
        """Everything in the access log."""
        rows = await self.fetch("SELECT operation FROM vault.access ORDER BY entry")
        return [row["operation"] for row in rows]

    async def while_open(
        self,
        first: Callable[[Work], Awaitable[object]],
        second: Callable[[Work], Awaitable[T]],
    ) -> T:
        """What the second work comes to when it meets the first one's locks before its commit."""

        async def run_second() -> T:
            async with self.begin() as work:
                return await second(work)

        async with self.begin() as work:
            await first(work)
            running = asyncio.create_task(run_second())

            async def has_met_it() -> bool:
                blocked = await self.fetch(COUNT_BLOCKED)
                return running.done() or blocked[0]["count"] > 0

            await until(has_met_it, what="the second work waits for the first")
        return await running


async def register(work: Work, digits: str = DIGITS, vault: Vault = VAULT) -> str:
    """Register a number within a work."""
    number = parse_person_number(digits, constructed_allowed=True)
    return await register_person(work, vault, number, TOLD, ACCESS)
