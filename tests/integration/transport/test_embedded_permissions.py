"""The database itself keeps services off the log, whatever SQL they send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.database import Connection, Database, Fault, fault_of
from tests.support.buses import READER, STRANGER, WRITER
from tests.support.transports import EmbeddedBus

TABLES = ("topic", "permission", "partition", "record", "consumer_group", "member", "progress")

FOR_SERVICES = {
    "append",
    "commit_offsets",
    "describe_topics",
    "fetch_records",
    "heartbeat",
    "identify_topics",
    "join_group",
    "leave_group",
    "positions",
    "release_partitions",
    "rewind_group",
}

APPEND = "SELECT bus.append(ARRAY[$1], ARRAY[1], ARRAY[1], ARRAY[0], ARRAY[NULL::bytea], "
APPEND += "ARRAY['x'::bytea], ARRAY['[]'])"

FOREIGN_GROUP_CALLS = (
    "SELECT bus.join_group($1, $2, ARRAY['any'], 10)",
    "SELECT bus.heartbeat($1, $2)",
    "SELECT bus.release_partitions($1, $2)",
    "SELECT bus.leave_group($1, $2)",
    "SELECT bus.fetch_records($1, $2, 10, 1000)",
    "SELECT bus.commit_offsets($1, $2, ARRAY['any'], ARRAY[0], ARRAY[1::bigint])",
    "SELECT bus.positions($1, $2)",
)


@pytest.fixture(params=[WRITER, READER, STRANGER])
async def service(request: pytest.FixtureRequest, embedded: EmbeddedBus) -> AsyncIterator[Database]:
    """A database session as a service would open it."""
    database = await Database.connect(
        embedded.database.url(f"sammen_{request.param}"), application_name="a service"
    )
    yield database
    await database.close()


async def _is_forbidden(connection: Connection, statement: str, *values: object) -> bool:
    try:
        await connection.execute(statement, *values)
    except Exception as error:
        if fault_of(error) is None:
            raise
        return fault_of(error) is Fault.FORBIDDEN
    return False


@pytest.mark.parametrize("table", TABLES)
async def test_a_service_can_neither_read_nor_change_a_table(service: Database, table: str) -> None:
    async with service.connection() as connection:
        for statement in (
            f"SELECT FROM bus.{table}",
            f"INSERT INTO bus.{table} DEFAULT VALUES",
            f"DELETE FROM bus.{table}",  # noqa: S608 - from TABLES above
            f"TRUNCATE bus.{table}",
            f"DO 'BEGIN LOCK TABLE bus.{table}; END'",
            f"ALTER TABLE bus.{table} DISABLE TRIGGER ALL",
        ):
            assert await _is_forbidden(connection, statement), statement


async def test_the_tables_tried_are_all_there_are(embedded: EmbeddedBus) -> None:
    rows = await embedded.as_superuser(
        "SELECT relname FROM pg_class WHERE relnamespace = 'bus'::regnamespace AND relkind = 'r'"
    )
    assert {row["relname"] for row in rows} == set(TABLES)


async def test_a_service_can_neither_become_the_owner_nor_build_beside_it(
    service: Database,
) -> None:
    async with service.connection() as connection:
        for statement in (
            "SET ROLE sammen_bus",
            "SET SESSION AUTHORIZATION sammen_bus",
            "CREATE TABLE bus.mine (a integer)",
            "ALTER FUNCTION bus.principal() SECURITY DEFINER",
        ):
            assert await _is_forbidden(connection, statement), statement


async def test_only_the_functions_meant_for_services_may_be_called(embedded: EmbeddedBus) -> None:
    rows = await embedded.as_superuser(
        """
        SELECT proname, prosecdef, proconfig, proowner::regrole::text AS owner
        FROM pg_proc
        WHERE pronamespace = 'bus'::regnamespace
          AND has_function_privilege($1, oid, 'EXECUTE')
        """,
        f"sammen_{STRANGER}",
    )
    assert {row["proname"] for row in rows} == FOR_SERVICES
    for row in rows:
        assert row["prosecdef"], row["proname"]
        assert row["proconfig"] == ["search_path=bus, pg_temp"], row["proname"]
        assert row["owner"] == "sammen_bus", row["proname"]


async def test_every_function_sets_its_own_search_path(embedded: EmbeddedBus) -> None:
    rows = await embedded.as_superuser(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'bus'::regnamespace "
        "AND proconfig IS DISTINCT FROM ARRAY['search_path=bus, pg_temp']"
    )
    assert rows == []


async def test_appending_is_judged_by_who_logged_in(embedded: EmbeddedBus, topic: str) -> None:
    await embedded.create_topic(topic)
    for principal, may in ((WRITER, True), (READER, False), (STRANGER, False)):
        database = await Database.connect(
            embedded.database.url(f"sammen_{principal}"), application_name="a service"
        )
        async with database.connection() as connection:
            assert await _is_forbidden(connection, APPEND, topic) is not may
        await database.close()


async def test_whoever_is_no_principal_is_refused_even_the_owner(
    embedded: EmbeddedBus, topic: str
) -> None:
    await embedded.create_topic(topic)
    for url in (embedded.database.owner_url, embedded.database.superuser_url):
        owner = await Database.connect(url, application_name="the owner")
        async with owner.connection() as connection:
            assert await _is_forbidden(connection, APPEND, topic)
        await owner.close()


@pytest.mark.parametrize("call", FOREIGN_GROUP_CALLS)
async def test_nobody_touches_a_group_of_somebody_else(embedded: EmbeddedBus, call: str) -> None:
    database = await Database.connect(
        embedded.database.url(f"sammen_{STRANGER}"), application_name="a service"
    )
    async with database.connection() as connection:
        for group in (f"{READER}.facts", STRANGER, f"{STRANGER}x.facts", ""):
            assert await _is_forbidden(connection, call, group, uuid4()), group
    await database.close()
