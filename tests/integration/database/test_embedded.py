"""The embedded server belongs to its folder: started once, found by the next, never in the way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shared.database import Database, EmbeddedPostgres
from shared.database.postmaster import (
    EPHEMERAL_RANGE,
    disown_reused_pid,
    free_port,
    read_postmaster,
    run_to_end,
)
from tests.integration.database.conftest import answers
from tests.support.lifelines import ending_with_me
from tests.support.waiting import until

START = """
import asyncio, sys
from pathlib import Path
from shared.database import EmbeddedPostgres
server = asyncio.run(EmbeddedPostgres(Path(sys.argv[1]), durable=False).start())
print(server.pid, server.port, server.found_running, flush=True)
"""


def start_elsewhere(folder: Path, program: str = START) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ending_with_me(sys.executable, "-c", program, str(folder / "server")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_as(uid: int) -> subprocess.Popen[bytes]:
    """Somebody else's process, there as long as we are."""
    return subprocess.Popen(["cat"], user=uid, cwd="/", stdin=subprocess.PIPE)


async def test_a_second_start_finds_the_first(own_postgres: EmbeddedPostgres, folder: Path) -> None:
    first = await own_postgres.start()
    second = await EmbeddedPostgres(folder / "server").start()
    assert (first.found_running, second.found_running) == (False, True)
    assert (first.pid, first.port, first.owner_url) == (second.pid, second.port, second.owner_url)
    assert await answers(second.owner_url)


async def test_many_starting_at_once_share_one_server(folder: Path) -> None:
    starts = [start_elsewhere(folder) for _ in range(4)]
    outputs = await asyncio.gather(*(asyncio.to_thread(each.communicate) for each in starts))
    await EmbeddedPostgres(folder / "server").stop()
    lines = [output.split() for output, _ in outputs]
    assert len({(pid, port) for pid, port, _ in lines}) == 1
    assert sorted(found for _, _, found in lines) == ["False", "True", "True", "True"]


async def test_a_starter_that_is_killed_leaves_a_server_for_the_next(folder: Path) -> None:
    with start_elsewhere(folder, START + "sys.stdin.read()") as starter:
        assert starter.stdout is not None
        pid, port, _ = (await asyncio.to_thread(starter.stdout.readline)).split()
        starter.kill()
    postgres = EmbeddedPostgres(folder / "server")
    found = await postgres.start()
    assert (found.pid, found.port, found.found_running) == (int(pid), int(port), True)
    assert await answers(found.owner_url)
    await postgres.stop()


async def test_a_starter_killed_at_any_moment_leaves_nothing_in_the_way(folder: Path) -> None:
    moments = [
        "launch.lock",
        "state.json",
        "cluster.new-*/cluster/base",
        "cluster",
        "cluster/postmaster.pid",
    ]
    for moment in moments:
        starter = start_elsewhere(folder)

        def has_come(moment: str = moment) -> bool:
            return any((folder / "server").glob(moment))

        await until(has_come, what=f"the starter has made {moment}")
        starter.kill()
        await asyncio.to_thread(starter.communicate)
    postgres = EmbeddedPostgres(folder / "server", durable=False)
    server = await postgres.start()
    assert await answers(server.owner_url)
    await postgres.stop()
    assert sorted(path.name for path in (folder / "server").glob("cluster*")) == ["cluster"]


async def test_what_was_stored_is_there_after_a_stop_and_after_a_kill(
    own_postgres: EmbeddedPostgres,
) -> None:
    server = await own_postgres.start()
    database = await Database.connect(server.owner_url, application_name="test")
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE kept (x integer)")
        await connection.execute("INSERT INTO kept VALUES (1)")
    await own_postgres.stop()
    again = await own_postgres.start()
    assert (again.port, again.found_running) == (server.port, False)
    os.kill(again.pid, signal.SIGKILL)
    third = await own_postgres.start()
    assert third.pid != again.pid
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM kept") == 1
    await database.close()


async def test_stopping_ends_the_process_and_is_safe_twice_and_before_start(
    own_postgres: EmbeddedPostgres,
) -> None:
    await own_postgres.stop()
    server = await own_postgres.start()
    await own_postgres.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
    await own_postgres.stop()


async def test_the_server_has_a_session_of_its_own(own_postgres: EmbeddedPostgres) -> None:
    server = await own_postgres.start()
    assert os.getsid(server.pid) == server.pid != os.getsid(0)


async def test_a_process_id_that_belongs_to_somebody_else_now_is_no_obstacle(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    server = await own_postgres.start()
    os.kill(server.pid, signal.SIGKILL)
    pid_file = folder / "server" / "cluster" / "postmaster.pid"
    # As root the server's account can't signal the bystander, who must be one of its own.
    with wait_as(pid_file.stat().st_uid) as bystander:
        _first, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{bystander.pid}\n", *rest]))
        again = await own_postgres.start()
        assert again.pid not in {server.pid, bystander.pid}
        assert await answers(again.owner_url)
        assert bystander.poll() is None
        bystander.kill()


async def test_passwords_are_for_the_owners_eyes_and_show_in_no_text(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    server = await own_postgres.start()
    state = folder / "server" / "state.json"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "server" / "server.log").stat().st_mode) == 0o600
    passwords = [value for key, value in json.loads(state.read_text()).items() if "password" in key]
    assert len(set(passwords)) == 2
    assert all(password not in repr(server) for password in passwords)
    with pytest.raises(Exception, match="password authentication failed"):
        await answers(f"postgresql://sammen:guessed@127.0.0.1:{server.port}/sammen")


async def test_the_owner_is_no_superuser(own_postgres: EmbeddedPostgres) -> None:
    server = await own_postgres.start()
    database = await Database.connect(server.owner_url, application_name="test")
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            "  FROM pg_roles WHERE rolname = current_user"
        )
        assert row is not None
        assert tuple(row) == (False, True, True, False, False)
        assert await connection.fetchval("SHOW max_connections") == "200"
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    await database.close()


async def test_a_very_long_path_is_no_hindrance(folder: Path) -> None:
    deep = folder / ("long" * 30) / ("longer" * 30)
    deep.mkdir(parents=True)
    (folder / "server").symlink_to(deep)
    postgres = EmbeddedPostgres(deep / "data folder, with æøå", durable=False)
    try:
        assert await answers((await postgres.start()).owner_url)
    finally:
        await postgres.stop()


async def test_cancelling_a_start_leaves_the_folder_usable(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    starting = asyncio.create_task(own_postgres.start())
    await until(
        lambda: any((folder / "server").glob("cluster.new-*/cluster")), what="initdb is at work"
    )
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await answers((await own_postgres.start()).owner_url)


async def test_cancelling_a_start_leaves_no_server_behind(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    cluster = folder / "server" / "cluster"
    starting = asyncio.create_task(own_postgres.start())
    await until((cluster / "postmaster.pid").exists, what="the server is at work")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert read_postmaster(cluster) is None
    assert await answers((await own_postgres.start()).owner_url)


async def test_a_server_that_runs_is_never_taken_for_another_program(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    """It may have written who it is after somebody looked, who then thinks that none runs."""
    server = await own_postgres.start()
    disown_reused_pid(folder / "server" / "cluster")
    again = await own_postgres.start()
    assert (again.pid, again.found_running) == (server.pid, True)


async def test_cancelling_what_ends_by_itself_is_a_cancellation() -> None:
    for eighth in range(100):
        running = asyncio.create_task(run_to_end(["/bin/true"]))
        await asyncio.sleep(eighth / 8000)  # of a millisecond
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled() or running.result() is None


def test_nobody_is_handed_out_the_port_of_a_server_that_is_down() -> None:
    handed_out_from = int(EPHEMERAL_RANGE.read_text().split()[0])
    assert all(free_port() < handed_out_from for _ in range(100))
