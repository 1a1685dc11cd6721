"""A service's role can do its own work and reach nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database import Connection, Database, Fault, fault_of
from tests.support.postgres import DatabaseFactory, TestDatabase, login_plan, owned_plan

PAYOUT = """
CREATE TABLE payout (payout bigint GENERATED ALWAYS AS IDENTITY, amount_ore bigint NOT NULL);
CREATE SEQUENCE number;
CREATE FUNCTION double(amount_ore bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 2 * amount_ore';
CREATE TABLE posting (amount_ore bigint NOT NULL);
REVOKE UPDATE, DELETE ON posting FROM sammen_bonus;
"""
PLEDGE = "CREATE TABLE pledge (places integer NOT NULL);"
SECRET = """
CREATE TABLE secret (sealed text NOT NULL);
CREATE FUNCTION seal(text) RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = vault, pg_temp AS 'INSERT INTO secret (sealed) VALUES ($1)';
CREATE FUNCTION whoami() RETURNS text LANGUAGE sql SECURITY DEFINER
    SET search_path = vault, pg_temp AS 'SELECT current_user::text';
CREATE FUNCTION not_for_you() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION trespass() RETURNS bigint LANGUAGE sql SECURITY DEFINER
    SET search_path = vault, pg_temp SET check_function_bodies = off
    AS 'SELECT count(*) FROM bonus.payout';
GRANT USAGE ON SCHEMA vault TO sammen_membership;
GRANT EXECUTE ON FUNCTION seal(text), whoami(), trespass() TO sammen_membership;
"""


@pytest.fixture
async def made(database_factory: DatabaseFactory, tmp_path: Path) -> TestDatabase:
    folders = {}
    for schema, sql in (("bonus", PAYOUT), ("membership", PLEDGE), ("vault", SECRET)):
        folders[schema] = tmp_path / schema
        folders[schema].mkdir()
        (folders[schema] / "0001_initial.sql").write_text(sql, encoding="utf-8")
    return await database_factory(
        [
            owned_plan("vault", ("vault", folders["vault"])),
            login_plan("bonus", ("bonus", folders["bonus"])),
            login_plan("membership", ("membership", folders["membership"])),
        ]
    )


@pytest.fixture
async def bonus(made: TestDatabase) -> AsyncIterator[Connection]:
    database = await Database.connect(
        made.url("sammen_bonus"), application_name="test", schema="bonus"
    )
    async with database.connection() as connection:
        yield connection
    await database.close()


@pytest.fixture
async def membership(made: TestDatabase) -> AsyncIterator[Connection]:
    database = await Database.connect(
        made.url("sammen_membership"), application_name="test", schema="membership"
    )
    async with database.connection() as connection:
        yield connection
    await database.close()


async def refused(connection: Connection, statement: str) -> bool:
    """Whether the database itself forbids a statement; any other error fails the test."""
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except Exception as error:
        if fault_of(error) is Fault.FORBIDDEN:
            return True
        raise
    return False


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO payout (amount_ore) VALUES (100)",
        "UPDATE payout SET amount_ore = 200",
        "DELETE FROM payout",
        "SELECT payout, amount_ore FROM payout FOR UPDATE",
        "SELECT nextval('number')",
        "SELECT double(7)",
        "INSERT INTO posting (amount_ore) VALUES (100)",
        "SELECT pg_advisory_xact_lock(1)",
        "NOTIFY anything",
    ],
)
async def test_a_service_does_its_own_work(bonus: Connection, statement: str) -> None:
    assert not await refused(bonus, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT places FROM membership.pledge",
        "INSERT INTO membership.pledge (places) VALUES (1)",
        "SELECT sealed FROM vault.secret",
        "SELECT vault.whoami()",
        "SELECT file_name FROM migrations.applied",
        "INSERT INTO migrations.applied VALUES ('bonus', 'x', '0009_x.sql', 'x')",
        "UPDATE posting SET amount_ore = 0",
        "DELETE FROM posting",
        "TRUNCATE payout",
        "ALTER TABLE payout ADD COLUMN more integer",
        "DROP TABLE payout",
        "CREATE TABLE bonus.mine (x integer)",
        "CREATE TABLE public.mine (x integer)",
        "CREATE TEMPORARY TABLE mine (x integer)",
        "CREATE FUNCTION bonus.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SET ROLE sammen",
        "SET ROLE sammen_membership",
        "SET ROLE sammen_vault",
        "ALTER ROLE sammen_membership PASSWORD 'mine'",
        "GRANT SELECT ON payout TO sammen_membership",
        "COPY payout FROM '/etc/passwd'",
        "COPY payout TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
    ],
)
async def test_a_service_is_refused_everything_else(bonus: Connection, statement: str) -> None:
    if statement.startswith("CREATE DATABASE"):
        with pytest.raises(Exception, match="permission denied"):
            await bonus.execute(statement)
        return
    if statement.startswith("GRANT"):
        # A role without any grant option is warned, not refused; what counts is the outcome.
        await bonus.execute(statement)
        granted = "SELECT has_table_privilege('sammen_membership', 'bonus.payout', 'SELECT')"
        assert not await bonus.fetchval(granted)
        return
    assert await refused(bonus, statement)


async def test_the_vault_is_reached_through_its_functions_only(membership: Connection) -> None:
    assert not await refused(membership, "SELECT vault.seal('x')")
    assert await membership.fetchval("SELECT vault.whoami()") == "sammen_vault"
    assert await refused(membership, "SELECT sealed FROM vault.secret")
    assert await refused(membership, "SELECT vault.not_for_you()")
    assert await refused(membership, "CREATE TABLE vault.mine (x integer)")


async def test_a_vault_function_reaches_no_further_than_the_vault(membership: Connection) -> None:
    assert await refused(membership, "SELECT vault.trespass()")


async def test_nobody_logs_in_as_the_vault(made: TestDatabase) -> None:
    url = made.owner_url.replace("//sammen:", "//sammen_vault:")
    with pytest.raises(Exception, match=r"password authentication failed|not permitted") as refusal:
        await Database.connect(url, application_name="test")
    assert fault_of(refusal.value) is Fault.FORBIDDEN


@pytest.mark.parametrize("other", ["postgres", "template1", "sammen"])
async def test_other_databases_of_the_server_are_closed(made: TestDatabase, other: str) -> None:
    url = made.url("sammen_bonus").rpartition("/")[0] + f"/{other}"
    with pytest.raises(Exception, match="permission denied for database") as refusal:
        await Database.connect(url, application_name="test")
    assert fault_of(refusal.value) is Fault.FORBIDDEN


async def test_a_role_that_belongs_to_no_plan_does_not_get_in(made: TestDatabase) -> None:
    owner = await Database.connect(made.owner_url, application_name="test")
    async with owner.connection() as connection:
        await connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'x'")
    try:
        url = "postgresql://stranger:x@" + made.owner_url.rpartition("@")[2]
        with pytest.raises(Exception, match="permission denied for database"):
            await Database.connect(url, application_name="test")
    finally:
        async with owner.connection() as connection:
            await connection.execute("DROP ROLE stranger")
        await owner.close()


async def test_limits_hold_for_whoever_logs_in_as_the_role(made: TestDatabase) -> None:
    owner = await Database.connect(made.owner_url, application_name="test")
    async with owner.connection() as connection:
        settings = await connection.fetchval(
            """
            SELECT setconfig FROM pg_db_role_setting
              JOIN pg_database ON pg_database.oid = setdatabase
             WHERE setrole = 'sammen_bonus'::regrole AND datname = current_database()
            """
        )
    await owner.close()
    assert set(settings) == {
        "statement_timeout=30000",
        "lock_timeout=10000",
        "idle_in_transaction_session_timeout=60000",
        "search_path=bonus, pg_temp",
    }


async def test_everything_belongs_to_the_owner_and_nothing_to_a_login(made: TestDatabase) -> None:
    owner = await Database.connect(made.owner_url, application_name="test")
    async with owner.connection() as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT tableowner FROM pg_tables"
            " WHERE schemaname IN ('bonus', 'membership', 'vault', 'migrations')"
        )
    await owner.close()
    assert {row["tableowner"] for row in rows} == {"sammen", "sammen_vault"}


@pytest.mark.parametrize(
    "question",
    [
        "SELECT has_schema_privilege('sammen_bonus', 'public', 'USAGE')",
        "SELECT has_schema_privilege('sammen_bonus', 'public', 'CREATE')",
        "SELECT has_function_privilege('sammen_membership', 'bonus.double(bigint)', 'EXECUTE')",
        "SELECT has_database_privilege('sammen_bonus', current_database(), 'CREATE, TEMPORARY')",
    ],
)
async def test_what_everybody_may_by_default_nobody_may_here(
    bonus: Connection, question: str
) -> None:
    assert await bonus.fetchval(question) is False
