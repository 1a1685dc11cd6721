from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from asyncpg.exceptions import PostgresError

from services.placements.domain.person_numbers import parse_person_number
from services.placements.domain.persons import PersonFields
from services.placements.handlers.persons import (
    PersonNotFoundError,
    erase_number,
    register_person,
    reveal_number,
)
from services.placements.service import SERVICE
from services.placements.store.vault import Access
from services.placements.vault import Vault
from shared.database import Connection, Database, Fault, fault_of
from shared.messaging.work import begin_work
from shared.runtime.plans import plans_for
from tests.support.clock import clock_at
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory

DIGITS = "6101800001"
VAULT = Vault(bytes(range(32)))
AT = datetime(2017, 3, 1, tzinfo=UTC)
ACCESS = Access(who="anna", organisation="0101", purpose="placement", happened_at=AT)
TOLD = PersonFields("refugee", date(2016, 3, 1))


@dataclass(frozen=True)
class Rooms:
    """One database, as the service and as somebody who may do everything."""

    service: Database
    everything: Database

    async def register(self, vault: Vault = VAULT) -> str:
        number = parse_person_number(DIGITS, constructed_allowed=True)
        async with begin_work(self.service, clock_at("2017-03-01"), service="placements") as work:
            return await register_person(work, vault, number, TOLD, ACCESS)

    async def reveal(self, person: str) -> str:
        async with begin_work(self.service, clock_at("2017-03-01"), service="placements") as work:
            return await reveal_number(work, VAULT, person, ACCESS)

    async def erase(self, person: str) -> None:
        async with begin_work(self.service, clock_at("2017-03-01"), service="placements") as work:
            await erase_number(work, person, ACCESS)

    async def operations(self) -> list[str]:
        async with self.everything.connection() as connection:
            rows = await connection.fetch("SELECT operation FROM vault.access ORDER BY entry")
        return [row["operation"] for row in rows]


@pytest.fixture
async def rooms(database_factory: DatabaseFactory) -> AsyncIterator[Rooms]:
    database = await database_factory(plans_for([SERVICE], {"placements": ROLE_PASSWORD}))
    service = await Database.connect(
        database.url("sammen_placements"), application_name="test", schema="placements"
    )
    everything = await Database.connect(database.superuser_url, application_name="test")
    yield Rooms(service, everything)
    await service.close()
    await everything.close()


async def fault_when(connection: Connection, statement: str) -> Fault | None:
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except PostgresError as error:
        return fault_of(error)
    return None


async def test_the_service_reaches_the_vault_through_its_functions_only(rooms: Rooms) -> None:
    async with rooms.service.transaction() as connection:
        for table in ("person", "data_key", "access", "secret"):
            for statement in (
                f"SELECT FROM vault.{table}",
                f"DELETE FROM vault.{table}",  # noqa: S608
                f"TRUNCATE vault.{table}",
            ):
                assert await fault_when(connection, statement) == Fault.FORBIDDEN, statement
        assert await fault_when(connection, "SET ROLE sammen_vault") == Fault.FORBIDDEN


async def test_only_placements_may_call_the_vault(rooms: Rooms) -> None:
    async with rooms.everything.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT proname, array_agg(DISTINCT grantee::regrole::text)
              FROM pg_proc, aclexplode(proacl)
             WHERE pronamespace = 'vault'::regnamespace
          GROUP BY proname
            """
        )
    granted = {name: set(roles) - {"sammen_vault"} for name, roles in rows}
    assert granted == {
        "look_up": {"sammen_placements"},
        "hand_out": {"sammen_placements"},
        "erase": {"sammen_placements"},
        "refuse_to_rewrite": set(),
    }


async def test_the_access_log_can_only_be_added_to(rooms: Rooms) -> None:
    await rooms.register()
    async with rooms.everything.connection() as connection:
        for statement in (
            "UPDATE vault.access SET purpose = 'another'",
            "DELETE FROM vault.access",
            "TRUNCATE vault.access",
        ):
            assert await fault_when(connection, statement) == Fault.FORBIDDEN, statement
    assert await rooms.operations() == ["look_up"]


async def test_the_look_up_and_its_trace_stand_or_fall_together(rooms: Rooms) -> None:
    async def fail_at_the_last_moment() -> None:
        number = parse_person_number(DIGITS, constructed_allowed=True)
        async with begin_work(rooms.service, clock_at("2017-03-01"), service="placements") as work:
            await register_person(work, VAULT, number, TOLD, ACCESS)
            raise RuntimeError("at the last moment")

    with pytest.raises(RuntimeError, match="at the last moment"):
        await fail_at_the_last_moment()
    assert await rooms.operations() == []
    async with rooms.everything.connection() as connection:
        assert not await connection.fetch("SELECT FROM vault.person")


async def test_a_number_can_be_read_again_and_that_leaves_a_trace(rooms: Rooms) -> None:
    person = await rooms.register()
    assert await rooms.reveal(person) == DIGITS
    assert await rooms.operations() == ["look_up", "open"]


async def test_an_erased_person_keeps_only_the_reference(rooms: Rooms) -> None:
    person = await rooms.register()
    await rooms.erase(person)
    with pytest.raises(PersonNotFoundError):
        await rooms.reveal(person)
    with pytest.raises(PersonNotFoundError):
        await rooms.erase(person)
    async with rooms.everything.connection() as connection:
        [row] = await connection.fetch(
            "SELECT reference::text, lookup_index, sealed_number FROM vault.person"
        )
        keys = await connection.fetch("SELECT FROM vault.data_key")
    assert tuple(row) == (person, None, None)
    assert not keys
    assert await rooms.operations() == ["look_up", "erase"]


async def test_an_erased_number_registered_again_is_somebody_new(rooms: Rooms) -> None:
    person = await rooms.register()
    await rooms.erase(person)
    assert await rooms.register() != person


async def test_registering_while_erasing_gives_a_reference_that_stands(rooms: Rooms) -> None:
    for _ in range(10):
        person = await rooms.register()
        found, _ = await asyncio.gather(rooms.register(), rooms.erase(person))
        # Either the look-up came first and its answer was erased after it, or it found nobody.
        assert await rooms.register() == found or found == person


async def test_a_vault_begun_with_another_secret_is_left_alone(rooms: Rooms) -> None:
    await rooms.register()
    with pytest.raises(Exception, match="another secret"):
        await rooms.register(Vault(bytes(32)))
    assert await rooms.operations() == ["look_up"]
