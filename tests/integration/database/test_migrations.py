"""A migration is applied once, in order, whole, and never again in another wording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database import (
    Database,
    EmbeddedServer,
    MigrationChangedError,
    MigrationError,
    SchemaPlan,
    create_database,
    drop_database,
    migrate,
)
from tests.support.postgres import login_plan, owned_plan
from tests.support.waiting import until

PENDING_LOCKS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def url(postgres_server: EmbeddedServer) -> AsyncIterator[str]:
    yield await create_database(postgres_server.owner_url, "migrated")
    await drop_database(postgres_server.owner_url, "migrated")


@pytest.fixture
async def owner(url: str) -> AsyncIterator[Database]:
    database = await Database.connect(url, application_name="test")
    yield database
    await database.close()


async def ask(owner: Database, question: str) -> object:
    async with owner.connection() as connection:
        answer: object = await connection.fetchval(question)
        return answer


def plan_of(folder: Path, **files: str) -> SchemaPlan:
    """A plan for schema `bonus` with one component, of the files `_0001_name="..."`."""
    for name, sql in files.items():
        (folder / f"{name[1:]}.sql").write_text(sql, encoding="utf-8")
    return login_plan("bonus", ("part", folder))


async def test_files_run_once_in_their_order(url: str, owner: Database, tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        _0002_add="ALTER TABLE thing ADD COLUMN y integer;",
        _0001_initial="CREATE TABLE thing (x integer); INSERT INTO thing VALUES (1);",
    )
    assert await migrate(url, [plan]) == ["bonus/part/0001_initial.sql", "bonus/part/0002_add.sql"]
    assert await migrate(url, [plan]) == []
    plan_of(tmp_path, _0003_fill="UPDATE thing SET y = 7;")
    assert await migrate(url, [plan]) == ["bonus/part/0003_fill.sql"]
    assert await ask(owner, "SELECT y FROM bonus.thing") == 7


async def test_components_run_in_the_order_of_the_plan_each_with_its_own_numbers(
    url: str, owner: Database, tmp_path: Path
) -> None:
    base, above = tmp_path / "base", tmp_path / "above"
    base.mkdir()
    above.mkdir()
    (base / "0001_initial.sql").write_text("CREATE TABLE thing (x integer PRIMARY KEY);")
    (above / "0001_initial.sql").write_text("CREATE TABLE part (x integer REFERENCES thing);")
    components = (("base", base), ("above", above))
    plans = [login_plan("bonus", *components), owned_plan("vault", *components)]
    applied = await migrate(url, plans)
    assert applied == [
        f"{schema}/{part}/0001_initial.sql"
        for schema in ("bonus", "vault")
        for part in ("base", "above")
    ]
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname IN ('bonus', 'vault')"
    assert await ask(owner, tables) == 4


async def test_many_starting_at_once_apply_each_file_once(
    url: str, owner: Database, tmp_path: Path
) -> None:
    plan = plan_of(
        tmp_path,
        _0001_initial="CREATE TABLE thing (x integer); INSERT INTO thing VALUES (1);",
        _0002_index="-- no-transaction\nCREATE INDEX CONCURRENTLY thing_x ON thing (x);",
        _0003_more="INSERT INTO thing VALUES (2);",
    )
    applied = await asyncio.gather(*(migrate(url, [plan]) for _ in range(6)))
    assert sorted(len(names) for names in applied) == [0, 0, 0, 0, 0, 3]
    assert await ask(owner, "SELECT count(*) FROM bonus.thing") == 2


async def test_one_that_is_killed_lets_the_next_begin(
    url: str, owner: Database, tmp_path: Path
) -> None:
    plan = plan_of(tmp_path, _0001_slow="CREATE TABLE thing (x integer); SELECT pg_sleep(600);")
    first = asyncio.create_task(migrate(url, [plan]))

    async def is_asleep() -> bool:
        running = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        return await ask(owner, running) == 1

    await until(is_asleep, what="the first migration is under way")
    await ask(
        owner,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    )
    with pytest.raises(MigrationError, match="terminating connection"):
        await first
    plan = plan_of(tmp_path, _0001_slow="CREATE TABLE thing (x integer);")
    assert await migrate(url, [plan]) == ["bonus/part/0001_slow.sql"]


async def test_a_file_that_fails_leaves_nothing_and_keeps_what_came_before(
    url: str, owner: Database, tmp_path: Path
) -> None:
    plan = plan_of(
        tmp_path,
        _0001_initial="CREATE TABLE thing (x integer);",
        _0002_broken="CREATE TABLE half (x integer); SELECT 1 / 0;",
        _0003_after="CREATE TABLE after (x integer);",
    )
    with pytest.raises(MigrationError, match=r"bonus/part/0002_broken\.sql failed: division by"):
        await migrate(url, [plan])
    assert (
        await ask(
            owner, "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'bonus'"
        )
        == "thing"
    )
    plan_of(tmp_path, _0002_broken="CREATE TABLE half (x integer);")
    assert len(await migrate(url, [plan])) == 2


@pytest.mark.parametrize("ending", ["changed", "removed"])
async def test_a_file_that_changed_after_it_ran_is_refused(
    url: str, owner: Database, tmp_path: Path, ending: str
) -> None:
    plan = plan_of(
        tmp_path,
        _0001_initial="CREATE TABLE thing (x integer);",
        _0002_other="CREATE TABLE other (x integer);",
    )
    await migrate(url, [plan])
    if ending == "changed":
        plan_of(tmp_path, _0001_initial="CREATE TABLE thing (x bigint);")
    else:
        (tmp_path / "0001_initial.sql").unlink()
    plan_of(tmp_path, _0003_new="CREATE TABLE new (x integer);")
    with pytest.raises(MigrationChangedError, match=r"0001_initial\.sql was .*restore it"):
        await migrate(url, [plan])
    assert await ask(owner, "SELECT to_regclass('bonus.new')") is None


async def test_line_ends_of_another_system_are_no_change(url: str, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, _0001_initial="CREATE TABLE thing (\n x integer\n);\n")
    await migrate(url, [plan])
    (tmp_path / "0001_initial.sql").write_bytes(b"CREATE TABLE thing (\r\n x integer\r\n);\r\n")
    assert await migrate(url, [plan]) == []


@pytest.mark.parametrize(
    ("name", "sql", "complaint"),
    [
        ("1_short", "SELECT 1;", "misnamed"),
        ("0002_Upper", "SELECT 1;", "misnamed"),
        ("0003_same", "SELECT 1;", "shares its number"),
        ("0001_late", "SELECT 1;", "comes before 0003_initial.sql"),
        ("0004_ends", "CREATE TABLE a (x integer);\nCOMMIT;\nSELECT 1;", "says COMMIT;"),
        ("0004_begins", "BEGIN;\nSELECT 1;", "says BEGIN;"),
    ],
)
async def test_a_file_that_breaks_the_rules_is_refused(
    url: str, tmp_path: Path, name: str, sql: str, complaint: str
) -> None:
    plan = plan_of(tmp_path, _0003_initial="SELECT 1;")
    await migrate(url, [plan])
    (tmp_path / f"{name}.sql").write_text(sql)
    with pytest.raises(MigrationError, match=complaint):
        await migrate(url, [plan])


async def test_a_missing_folder_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="nowhere of part is missing"):
        await migrate(url, [login_plan("bonus", ("part", tmp_path / "nowhere"))])


async def test_a_block_of_code_may_begin_and_end(url: str, owner: Database, tmp_path: Path) -> None:
    block = "DO $$\nBEGIN\n  CREATE TABLE thing (x integer);\nEND;\n$$;"
    await migrate(url, [plan_of(tmp_path, _0001_block=block)])
    assert await ask(owner, "SELECT count(*) FROM bonus.thing") == 0


async def test_outside_a_transaction_statements_stand_alone_and_bear_repetition(
    url: str, owner: Database, tmp_path: Path
) -> None:
    index = (
        "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS thing_x;\n-- then\n"
        "CREATE UNIQUE INDEX CONCURRENTLY thing_x ON thing (x);\n"
    )
    plan = plan_of(
        tmp_path,
        _0001_initial="CREATE TABLE thing (x integer); INSERT INTO thing VALUES (1), (1);",
        _0002_index=index,
    )
    with pytest.raises(MigrationError, match="could not create unique index"):
        await migrate(url, [plan])
    await ask(owner, "DELETE FROM bonus.thing")
    assert await migrate(url, [plan]) == ["bonus/part/0002_index.sql"]
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'bonus.thing_x'::regclass"
    assert await ask(owner, valid) is True


async def test_a_lock_that_is_not_to_be_had_is_let_go_and_tried_for_again(
    url: str, owner: Database, tmp_path: Path
) -> None:
    plan = plan_of(tmp_path, _0001_initial="CREATE TABLE thing (x integer);")
    await migrate(url, [plan])
    plan_of(tmp_path, _0002_alter="ALTER TABLE thing ADD COLUMN y integer;")
    async with owner.transaction() as holder:
        await holder.execute("SELECT x FROM bonus.thing")
        migrating = asyncio.create_task(migrate(url, [plan]))

        async def is_waiting() -> bool:
            return await ask(owner, PENDING_LOCKS) == 1

        async def has_let_go() -> bool:
            return await ask(owner, PENDING_LOCKS) == 0

        await until(is_waiting, what="the migration waits for the table")
        await until(has_let_go, what="the migration lets others pass")
    assert await migrating == ["bonus/part/0002_alter.sql"]
