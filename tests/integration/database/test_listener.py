"""Notices reach whoever listens, and one that stumbles over them stops nobody else."""

from __future__ import annotations

import asyncio

import pytest

from shared.database import Database, DatabaseUnavailableError
from shared.database.listener import Listener
from tests.support.postgres import TestDatabase
from tests.support.waiting import until


async def notify(database: Database, channel: str, payload: str) -> None:
    async with database.connection() as connection:
        await connection.execute("SELECT pg_notify($1, $2)", channel, payload)


async def test_each_listener_hears_its_own_channel(database: Database) -> None:
    doors: list[str] = []
    also_doors: list[str] = []
    windows: list[str] = []
    await database.listen("Door", doors.append)
    stop_also = await database.listen("Door", also_doors.append)
    stop_windows = await database.listen("window", windows.append)
    await notify(database, "Door", "a")
    await notify(database, "window", "b")
    await until(lambda: windows == ["b"], what="the window is heard")
    assert (doors, also_doors) == (["a"], ["a"])

    await stop_also()
    await stop_windows()
    await stop_windows()
    await notify(database, "window", "c")
    await notify(database, "Door", "d")
    await until(lambda: doors == ["a", "d"], what="the door is heard again")
    assert (also_doors, windows) == (["a"], ["b"])


async def test_all_channels_share_one_connection_beside_the_pool(
    database: Database, notes: TestDatabase
) -> None:
    for channel in ("a", "b", "c"):
        await database.listen(channel, lambda _: None)
    async with database.connection() as connection:
        question = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test listener'"
        assert await connection.fetchval(question) == 1


async def test_a_notice_of_an_undone_transaction_is_never_heard(database: Database) -> None:
    heard: list[str] = []
    await database.listen("door", heard.append)

    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_notify('door', 'undone')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await notify(database, "door", "done")
    await until(lambda: bool(heard), what="something is heard")
    assert heard == ["done"]


async def test_a_callback_that_raises_is_reported_and_silences_nobody(database: Database) -> None:
    reported: list[object] = []
    heard: list[str] = []

    def stumble(_payload: str) -> None:
        raise ZeroDivisionError

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context.get("exception")))
    try:
        await database.listen("door", stumble)
        await database.listen("door", heard.append)
        await notify(database, "door", "a")
        await until(lambda: heard == ["a"], what="the other one hears")
    finally:
        loop.set_exception_handler(None)
    assert [type(each) for each in reported] == [ZeroDivisionError]


async def test_closing_ends_listening_and_is_safe_twice(notes: TestDatabase) -> None:
    database = await Database.connect(notes.url("sammen_bonus"), application_name="test")
    stop = await database.listen("door", lambda _: None)
    await database.close()
    await database.close()
    await stop()


async def test_listening_while_the_server_is_away_says_so(notes: TestDatabase) -> None:
    listener = Listener("postgresql://x:y@127.0.0.1:1/z", application_name="test")
    with pytest.raises(DatabaseUnavailableError):
        await listener.add("door", lambda _: None)
    await listener.close()
