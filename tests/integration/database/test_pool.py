"""A transaction is all or nothing, whatever interrupts it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.database import (
    Connection,
    ConnectionLostError,
    Database,
    DatabaseUnavailableError,
    Fault,
    SessionLimits,
    TransactionAbortedError,
    fault_of,
)
from tests.support.postgres import TestDatabase
from tests.support.waiting import until

INSERT = "INSERT INTO note (note) VALUES ($1)"
COUNT = "SELECT count(*) FROM note"


class HandlerError(Exception):
    """What a handler may raise."""


async def count(database: Database) -> int:
    async with database.connection() as connection:
        counted: int = await connection.fetchval(COUNT)
        return counted


async def test_the_server_soon_notices_a_machine_that_is_gone(database: Database) -> None:
    """For as long as it doesn't, it keeps the session's locks, a relay's among them."""
    async with database.connection() as connection:
        idle, interval, count_max, unheard = [
            int(await connection.fetchval("SELECT setting FROM pg_settings WHERE name = $1", name))
            for name in (
                "tcp_keepalives_idle",
                "tcp_keepalives_interval",
                "tcp_keepalives_count",
                "tcp_user_timeout",
            )
        ]
    assert 0 < idle + interval * count_max <= 60
    assert 0 < unheard <= 60_000


async def test_what_is_committed_is_seen_by_the_next(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(INSERT, 1)
        assert await count(database) == 0
    assert await count(database) == 1


async def test_an_error_undoes_everything_and_is_passed_on(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, 1)
            raise HandlerError

    with pytest.raises(HandlerError):
        await fail()
    assert await count(database) == 0


async def test_a_savepoint_undoes_only_its_part(database: Database) -> None:
    async def fail(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute(INSERT, 2)
            raise HandlerError

    async with database.transaction() as connection:
        await connection.execute(INSERT, 1)
        with pytest.raises(HandlerError):
            await fail(connection)
        async with connection.transaction():
            await connection.execute(INSERT, 3)
    assert await count(database) == 2


async def test_a_swallowed_error_can_not_pass_for_a_commit(database: Database) -> None:
    async def swallow() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, 1)
            with pytest.raises(Exception, match="duplicate key"):
                await connection.execute(INSERT, 1)

    with pytest.raises(TransactionAbortedError, match="nothing was committed"):
        await swallow()
    assert await count(database) == 0


async def test_transactions_are_read_committed_in_the_services_schema_and_in_utc(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            """
            SELECT current_setting('transaction_isolation') AS isolation,
                   current_setting('search_path') AS path,
                   current_setting('timezone') AS zone,
                   current_setting('application_name') AS name
            """
        )
    assert row is not None
    assert dict(row.items()) == {
        "isolation": "read committed",
        "path": '"bonus", pg_temp',
        "zone": "UTC",
        "name": "test",
    }


async def test_values_come_back_as_they_went(database: Database) -> None:
    body = {"kind": "ørn", "list": [1, None, True], "text": '"'}
    noon = datetime(2017, 6, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO note (note, body, said_at) VALUES (1, $1, $2)", body, noon
        )
        row = await connection.fetchrow("SELECT body, said_at FROM note")
    assert row is not None
    assert row["body"] == body
    assert row["said_at"] == datetime(2017, 6, 1, 12, 0, tzinfo=UTC)
    assert row["said_at"].utcoffset() == timedelta(0)


async def test_nothing_set_in_a_session_reaches_the_next_borrower(notes: TestDatabase) -> None:
    database = await Database.connect(
        notes.url("sammen_bonus"), application_name="test", schema="bonus", connections_max=1
    )
    async with database.connection() as connection:
        await connection.execute("SET search_path = public; SET statement_timeout = 0")
        await connection.execute("SELECT pg_advisory_lock(7)")
    async with database.connection() as connection:
        assert await connection.fetchval("SHOW search_path") == '"bonus", pg_temp'
        assert await connection.fetchval("SHOW statement_timeout") == "30s"
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert await connection.fetchval(held) == 0
    await database.close()


@pytest.mark.parametrize(
    ("limits", "statement", "complaint"),
    [
        (SessionLimits(statement_seconds=0.05), "SELECT pg_sleep(60)", "statement timeout"),
        (SessionLimits(lock_seconds=0.05), "LOCK TABLE note IN SHARE MODE", "lock timeout"),
        (SessionLimits(idle_in_transaction_seconds=0.05), "SELECT 1", "idle|connection"),
    ],
)
async def test_limits_end_what_takes_too_long(
    database: Database, notes: TestDatabase, limits: SessionLimits, statement: str, complaint: str
) -> None:
    hasty = await Database.connect(
        notes.url("sammen_bonus"), application_name="test", schema="bonus", limits=limits
    )

    async def ask_slowly() -> None:
        async with hasty.transaction() as connection:
            while True:
                await connection.execute(statement)
                await asyncio.sleep(0.1)

    async with database.transaction() as holder:
        await holder.execute("LOCK TABLE note IN ROW EXCLUSIVE MODE")
        with pytest.raises(Exception, match=complaint) as ended:
            await ask_slowly()
    await hasty.close()
    assert fault_of(ended.value) in {Fault.CONTENTION, Fault.UNAVAILABLE}


async def test_waiting_for_a_free_connection_ends(notes: TestDatabase) -> None:
    narrow = await Database.connect(
        notes.url("sammen_bonus"),
        application_name="test",
        connections_max=1,
        acquire_seconds_max=0.05,
    )
    async with narrow.connection():
        with pytest.raises(DatabaseUnavailableError, match="no free connection, in time"):
            async with narrow.connection():
                pass
    async with narrow.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await narrow.close()


async def test_cancelling_undoes_and_stays_a_cancellation(database: Database) -> None:
    async def work() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, 1)
            await connection.execute("SELECT pg_sleep(60)")

    async def is_asleep() -> bool:
        async with database.connection() as connection:
            asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            return bool(await connection.fetchval(asleep) == 1)

    working = asyncio.create_task(work())
    await until(is_asleep, what="the work is under way")
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await count(database) == 0


@pytest.mark.parametrize("nested", [False, True])
async def test_a_handlers_error_is_told_also_when_the_connection_broke(
    database: Database, notes: TestDatabase, *, nested: bool
) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            if nested:
                async with connection.transaction():
                    await _cut(connection, notes)
                    raise HandlerError
            await _cut(connection, notes)
            raise HandlerError

    with pytest.raises(HandlerError):
        await fail()


async def test_a_connection_that_broke_before_commit_did_nothing(
    database: Database, notes: TestDatabase
) -> None:
    async def lose() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, 1)
            await _cut(connection, notes)

    with pytest.raises(ConnectionLostError, match="nothing was done"):
        await lose()
    assert await count(database) == 0


async def test_a_closed_database_lends_nothing(notes: TestDatabase) -> None:
    database = await Database.connect(notes.url("sammen_bonus"), application_name="test")
    await database.close()
    await database.close()
    with pytest.raises(DatabaseUnavailableError, match="no connection to be had"):
        async with database.transaction():
            pass


async def test_a_wrong_password_is_told_from_an_absent_server(notes: TestDatabase) -> None:
    url = notes.url("sammen_bonus")
    with pytest.raises(Exception, match="password authentication failed") as wrong:
        await Database.connect(url.replace("only-for-tests", "guessed"), application_name="test")
    assert fault_of(wrong.value) is Fault.FORBIDDEN
    with pytest.raises(DatabaseUnavailableError, match="can't be reached") as absent:
        await Database.connect("postgresql://x:y@127.0.0.1:1/z", application_name="test")
    assert fault_of(absent.value) is Fault.UNAVAILABLE
    assert "y@" not in str(absent.value)


async def _cut(connection: Connection, notes: TestDatabase) -> None:
    """End the session of a connection from outside, and wait until its end is known here."""
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    superuser = await Database.connect(notes.superuser_url, application_name="test")
    async with superuser.connection() as other:
        assert await other.fetchval("SELECT pg_terminate_backend($1)", pid)
    await superuser.close()

    def is_known() -> bool:
        try:
            return connection.is_closed()
        except Exception as error:
            if fault_of(error) is Fault.UNAVAILABLE:
                return True
            raise

    await until(is_known, what="the end of the session is known")
