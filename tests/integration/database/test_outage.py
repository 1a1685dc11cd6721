"""A server that stops, or is killed, in mid-run loses nothing and is found again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.database import (
    CommitUnknownError,
    Database,
    EmbeddedPostgres,
    EmbeddedServer,
    Fault,
    fault_of,
    migrate,
)
from tests.support.postgres import ROLE_PASSWORD, login_plan
from tests.support.waiting import until

INSERT = "INSERT INTO tick (tick) VALUES ($1)"

Outage = Callable[[EmbeddedPostgres, EmbeddedServer], Awaitable[None]]


@pytest.fixture
async def server(own_postgres: EmbeddedPostgres, tmp_path: Path) -> EmbeddedServer:
    (tmp_path / "0001_initial.sql").write_text("CREATE TABLE tick (tick integer PRIMARY KEY);")
    started = await own_postgres.start()
    await migrate(started.owner_url, [login_plan("bonus", ("ticks", tmp_path))])
    return started


@pytest.fixture
async def database(server: EmbeddedServer) -> AsyncIterator[Database]:
    url = server.owner_url.rpartition("@")[2]
    opened = await Database.connect(
        f"postgresql://sammen_bonus:{ROLE_PASSWORD}@{url}",
        application_name="test",
        schema="bonus",
        connections_max=4,
        acquire_seconds_max=2.0,
    )
    yield opened
    await opened.close()


async def stopped(postgres: EmbeddedPostgres, _server: EmbeddedServer) -> None:
    await postgres.stop()


async def killed(_postgres: EmbeddedPostgres, server: EmbeddedServer) -> None:
    os.kill(server.pid, signal.SIGKILL)


async def shot_through_all_processes(_postgres: EmbeddedPostgres, server: EmbeddedServer) -> None:
    os.kill(server.pid, signal.SIGSTOP)  # so that it starts no recovery of its own
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    for child in children.read_text().split():  # noqa: ASYNC240 - no file on any disk
        os.kill(int(child), signal.SIGKILL)
    os.kill(server.pid, signal.SIGKILL)


@pytest.mark.parametrize("outage", [stopped, killed, shot_through_all_processes])
async def test_a_pool_recovers_and_every_committed_row_is_there(
    own_postgres: EmbeddedPostgres, server: EmbeddedServer, database: Database, outage: Outage
) -> None:
    surely: set[int] = set()
    perhaps: set[int] = set()
    faults: set[Fault | None] = set()
    enough = asyncio.Event()

    async def tick_along(first: int) -> None:
        number = first
        while not enough.is_set():
            number += 10
            try:
                async with database.transaction() as connection:
                    await connection.execute(INSERT, number)
                surely.add(number)
            except CommitUnknownError:
                perhaps.add(number)
            except Exception as error:  # noqa: BLE001 - what comes is what is tested
                faults.add(fault_of(error))
                await asyncio.sleep(0.01)

    tickers = [asyncio.create_task(tick_along(first)) for first in range(3)]
    await until(lambda: len(surely) > 50, what="rows are being written")
    await outage(own_postgres, server)
    await until(lambda: bool(faults), what="the outage is felt")
    again = await own_postgres.start()
    written_before = len(surely)
    await until(lambda: len(surely) > written_before + 50, what="rows are written again")
    enough.set()
    await asyncio.gather(*tickers)

    assert (again.port, again.found_running) == (server.port, False)
    assert faults == {Fault.UNAVAILABLE}
    async with database.connection() as connection:
        kept = {row["tick"] for row in await connection.fetch("SELECT tick FROM tick")}
    assert surely <= kept <= surely | perhaps


async def test_a_transaction_cut_in_its_middle_is_unavailable_and_undone(
    own_postgres: EmbeddedPostgres, server: EmbeddedServer, database: Database
) -> None:
    asleep = asyncio.Event()

    async def sleep_in_a_transaction() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, 1)
            asleep.set()
            await connection.execute("SELECT pg_sleep(20)")

    sleeping = asyncio.create_task(sleep_in_a_transaction())
    await asleep.wait()
    await own_postgres.stop()
    with pytest.raises(Exception, match=r"connection|terminat") as lost:
        await sleeping
    assert fault_of(lost.value) is Fault.UNAVAILABLE
    with pytest.raises(Exception, match="can't be reached") as absent:
        async with database.transaction():
            pass
    assert fault_of(absent.value) is Fault.UNAVAILABLE
    await own_postgres.start()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM tick") == 0


async def test_a_listener_is_woken_after_an_outage_and_hears_again(
    own_postgres: EmbeddedPostgres, server: EmbeddedServer, database: Database
) -> None:
    heard: list[str] = []
    stop = await database.listen("door", heard.append)
    await _notify(database, "before")
    await until(lambda: heard == ["before"], what="the first notice is heard")
    await own_postgres.stop()
    await own_postgres.start()
    await until(lambda: heard == ["before", ""], what="the listener is woken")
    await _notify(database, "after")
    await until(lambda: heard == ["before", "", "after"], what="notices are heard again")
    await stop()
    await _notify(database, "unheard")


async def _notify(database: Database, payload: str) -> None:
    async def is_sent() -> bool:
        try:
            async with database.connection() as connection:
                await connection.execute("SELECT pg_notify('door', $1)", payload)
        except Exception as error:
            if fault_of(error) is Fault.UNAVAILABLE:
                return False
            raise
        return True

    await until(is_sent, what="a notice is sent")


async def test_work_that_is_done_has_not_failed_because_its_cleaning_took_too_long(
    database: Database,
) -> None:
    backend = 0
    try:
        async with asyncio.timeout(20):
            async with database.connection() as connection:
                await connection.execute(INSERT, 1)
                backend = await connection.fetchval("SELECT pg_backend_pid()")
                os.kill(backend, signal.SIGSTOP)
    finally:
        os.kill(backend, signal.SIGCONT)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != backend
        assert await connection.fetchval("SELECT tick FROM tick") == 1
