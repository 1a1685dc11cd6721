"""Roles are the server's while databases are many: migrations of several do not collide."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from shared.database import (
    Database,
    EmbeddedServer,
    MigrationError,
    SchemaPlan,
    create_database,
    drop_database,
    migrate,
)
from tests.support.postgres import ROLE_PASSWORD, login_plan, owned_plan
from tests.support.waiting import until

OPEN_TO_ALL = (
    "SELECT has_database_privilege('pg_monitor', current_database(), 'CONNECT, TEMPORARY')"
)
WAITING_FOR_LOCK = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = 'sammen migrate' AND wait_event_type = 'Lock'
"""


async def test_a_new_password_takes_the_place_of_the_old(
    postgres_server: EmbeddedServer,
) -> None:
    url = await create_database(postgres_server.owner_url, "passwords")
    place = url.rpartition("@")[2]
    try:
        for password in ("first-%?@:/", "second", "second"):
            await migrate(url, [SchemaPlan("rotating", {"sammen_rotating": password}, ())])
        await (
            await Database.connect(
                f"postgresql://sammen_rotating:second@{place}", application_name="test"
            )
        ).close()
        with pytest.raises(Exception, match="password authentication failed"):
            await Database.connect(
                f"postgresql://sammen_rotating:first-%25%3F%40%3A%2F@{place}",
                application_name="test",
            )
    finally:
        await drop_database(postgres_server.owner_url, "passwords")


async def test_many_databases_of_one_server_may_be_migrated_at_once(
    postgres_server: EmbeddedServer, tmp_path: Path
) -> None:
    (tmp_path / "0001_initial.sql").write_text("CREATE TABLE thing (x integer);")
    schemas = ("racing", "hurrying")
    plans = [login_plan(schema, ("things", tmp_path)) for schema in schemas]
    plans.append(owned_plan("hiding", ("things", tmp_path)))
    names = [f"crowd_{number}" for number in range(8)]
    urls = [await create_database(postgres_server.owner_url, name) for name in names]
    try:
        await asyncio.gather(*(migrate(url, plans) for url in urls))
        for url in urls:
            place = url.rpartition("@")[2]
            for schema in schemas:
                database = await Database.connect(
                    f"postgresql://sammen_{schema}:{ROLE_PASSWORD}@{place}",
                    application_name="test",
                )
                async with database.connection() as connection:
                    assert await connection.fetchval("SELECT count(*) FROM thing") == 0
                await database.close()
    finally:
        for name in names:
            await drop_database(postgres_server.owner_url, name)


async def test_a_change_of_a_role_waits_out_another_database_changing_it_too(
    postgres_server: EmbeddedServer,
) -> None:
    url = await create_database(postgres_server.owner_url, "patient")
    plan = SchemaPlan("patient", {"sammen_patient": "old"}, ())
    await migrate(url, [plan])
    owner = await Database.connect(postgres_server.owner_url, application_name="test")
    try:
        async with owner.transaction() as rival:
            await rival.execute("ALTER ROLE sammen_patient PASSWORD 'the-rivals'")
            renewal = asyncio.create_task(
                migrate(url, [SchemaPlan("patient", {"sammen_patient": "new"}, ())])
            )

            async def renewal_waits() -> bool:
                # The rival's own transaction would see the activity of its first look for ever.
                return bool(await _ask(postgres_server.owner_url, WAITING_FOR_LOCK))

            await until(renewal_waits, what="the renewal waits for the rival")
        await renewal
        place = url.rpartition("@")[2]
        await (
            await Database.connect(
                f"postgresql://sammen_patient:new@{place}", application_name="test"
            )
        ).close()
    finally:
        await owner.close()
        await drop_database(postgres_server.owner_url, "patient")


async def test_a_database_made_by_others_is_closed_when_migrated(
    postgres_server: EmbeddedServer,
) -> None:
    owner = await Database.connect(postgres_server.owner_url, application_name="test")
    url = postgres_server.owner_url.rpartition("/")[0] + "/found"
    async with owner.connection() as connection:
        await connection.execute("CREATE DATABASE found")
    await owner.close()
    try:
        assert await _ask(url, OPEN_TO_ALL) is True
        await migrate(url, [])
        assert await _ask(url, OPEN_TO_ALL) is False
    finally:
        await drop_database(postgres_server.owner_url, "found")


async def test_a_database_of_ours_is_closed_before_it_is_migrated(
    postgres_server: EmbeddedServer,
) -> None:
    url = await create_database(postgres_server.owner_url, "fresh")
    try:
        assert await _ask(url, OPEN_TO_ALL) is False
    finally:
        await drop_database(postgres_server.owner_url, "fresh")


@pytest.mark.parametrize("password", ["", "kodeord-æøå", "line\nbreak"])
async def test_a_password_no_server_would_understand_is_refused(
    postgres_server: EmbeddedServer, password: str
) -> None:
    with pytest.raises(MigrationError, match="sammen_odd is empty or not printable ASCII"):
        await migrate(postgres_server.owner_url, [SchemaPlan("odd", {"sammen_odd": password}, ())])


async def _ask(url: str, question: str) -> object:
    database = await Database.connect(url, application_name="test")
    try:
        async with database.connection() as connection:
            answer: object = await connection.fetchval(question)
            return answer
    finally:
        await database.close()
