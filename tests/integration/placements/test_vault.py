from __future__ import annotations

import pytest
from asyncpg.exceptions import PostgresError

from services.placements.handlers.persons import PersonNotFoundError
from services.placements.vault import Vault
from shared.database import Connection, Fault, fault_of
from tests.integration.placements.rooms import DIGITS, Rooms, register


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
        async with rooms.begin() as work:
            await register(work)
            raise RuntimeError("at the last moment")

    with pytest.raises(RuntimeError, match="at the last moment"):
        await fail_at_the_last_moment()
    assert await rooms.operations() == []
    assert not await rooms.fetch("SELECT FROM vault.person")


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
    [row] = await rooms.fetch(
        "SELECT reference::text, lookup_index, sealed_number FROM vault.person"
    )
    assert tuple(row) == (person, None, None)
    assert not await rooms.fetch("SELECT FROM vault.data_key")
    assert await rooms.operations() == ["look_up", "erase"]


async def test_an_erased_number_registered_again_is_somebody_new(rooms: Rooms) -> None:
    person = await rooms.register()
    await rooms.erase(person)
    assert await rooms.register() != person


async def test_a_vault_begun_with_another_secret_is_left_alone(rooms: Rooms) -> None:
    await rooms.register()
    with pytest.raises(Exception, match="another secret"):
        await rooms.register(vault=Vault(bytes(32)))
    assert await rooms.operations() == ["look_up"]
