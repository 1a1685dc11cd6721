"""The embedded server runs as root's servant or as a normal user, wherever its files lie."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.database import EmbeddedPostgres
from shared.database.binaries import find_binaries
from tests.integration.database.conftest import answers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

NOBODY = pwd.getpwnam("nobody").pw_uid
DAEMON = pwd.getpwnam("daemon").pw_uid

DAC_OVERRIDE_ONLY = "0000000000000002"
NOTHING = "0000000000000000"

# Everything is imported before becoming somebody who may not even be able to read this checkout.
AS_SOMEBODY = """
import asyncio, encodings.ascii, encodings.idna, encodings.utf_8, os, sys
from pathlib import Path
from shared.database import Database, EmbeddedPostgres, EmbeddedPostgresError

async def main(folder, binaries, wish):
    postgres = EmbeddedPostgres(folder, durable=False, binaries=binaries)
    try:
        server = await postgres.start()
    except EmbeddedPostgresError as error:
        sys.exit(f"refused: {error}")
    database = await Database.connect(server.owner_url, application_name="test")
    await database.close()
    print(server.pid, server.found_running)
    if wish == "stop":
        await postgres.stop()

uid, folder, binaries, wish = sys.argv[1:]
os.umask(0o077)
os.setgroups([])
os.setgid(int(uid))
os.setuid(int(uid))
asyncio.run(main(Path(folder), Path(binaries), wish))
"""


@pytest.fixture
def open_folder(folder: Path) -> Path:
    """A folder everybody may enter, with the programs in a place everybody may use."""
    folder.chmod(0o755)
    copy_programs(folder / "programs")
    return folder


def copy_programs(target: Path) -> Path:
    """Copy the wheel's programs and libraries, keeping their places; the folder of programs."""
    binaries = find_binaries()
    install, package = binaries.parent, binaries.parent.parent
    for part in ("bin", "lib", "share"):
        shutil.copytree(install / part, target / package.name / install.name / part)
    shutil.copytree(f"{package}.libs", target / f"{package.name}.libs")
    return target / package.name / install.name / "bin"


def programs_in(folder: Path) -> Path:
    binaries = find_binaries()
    return folder / "programs" / binaries.parent.parent.name / binaries.parent.name / "bin"


async def as_somebody(uid: int, folder: Path, wish: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [
            *(sys.executable, "-c", AS_SOMEBODY),
            *(str(uid), str(folder / "home" / "server"), str(programs_in(folder)), wish),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def home_of(uid: int, folder: Path) -> None:
    (folder / "home").mkdir()
    os.chown(folder / "home", uid, -1)


async def test_below_a_folder_only_root_may_enter_one_power_of_root_is_lent(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    binaries = copy_programs(closed / "programs")
    postgres = EmbeddedPostgres(closed / "server", durable=False, binaries=binaries)
    try:
        server = await postgres.start()
        assert await answers(server.owner_url)
        status = status_of(server.pid)
        assert set(status["Uid"].split()) == {str(NOBODY)}
        assert status["CapEff"] == DAC_OVERRIDE_ONLY
        assert status["NoNewPrivs"] == "1"
    finally:
        await postgres.stop()


async def test_in_an_open_folder_no_power_of_root_is_lent(open_folder: Path) -> None:
    postgres = EmbeddedPostgres(
        open_folder / "server", durable=False, binaries=programs_in(open_folder)
    )
    try:
        server = await postgres.start()
        assert await answers(server.owner_url)
        status = status_of(server.pid)
        assert set(status["Uid"].split()) == {str(NOBODY)}
        assert status["Groups"] == ""
        assert status["CapEff"] == NOTHING
    finally:
        await postgres.stop()


async def test_a_normal_user_needs_no_root(open_folder: Path) -> None:
    home_of(NOBODY, open_folder)
    for _ in range(2):
        outcome = await as_somebody(NOBODY, open_folder, "stop")
        assert (outcome.returncode, outcome.stderr) == (0, "")
        assert outcome.stdout.endswith("False\n")
    owners = {path.stat().st_uid for path in (open_folder / "home").rglob("*")}
    assert owners == {NOBODY}


async def test_root_runs_a_users_folder_as_that_user(open_folder: Path) -> None:
    home_of(DAEMON, open_folder)
    outcome = await as_somebody(DAEMON, open_folder, "leave running")
    postgres = EmbeddedPostgres(open_folder / "home" / "server", binaries=programs_in(open_folder))
    try:
        found = await postgres.start()
        assert outcome.stdout == f"{found.pid} False\n"
        await postgres.stop()
        again = await postgres.start()
        assert await answers(again.owner_url)
        assert set(status_of(again.pid)["Uid"].split()) == {str(DAEMON)}
    finally:
        await postgres.stop()
    outcome = await as_somebody(DAEMON, open_folder, "stop")
    assert (outcome.returncode, outcome.stderr) == (0, "")


async def test_another_users_folder_is_refused_with_a_word(open_folder: Path) -> None:
    (open_folder / "home").mkdir()
    postgres = EmbeddedPostgres(
        open_folder / "home" / "server", durable=False, binaries=programs_in(open_folder)
    )
    try:
        await postgres.start()
        outcome = await as_somebody(DAEMON, open_folder, "stop")
    finally:
        await postgres.stop()
    assert outcome.returncode == 1
    assert "was made by another user" in outcome.stderr


async def test_a_cluster_of_roots_own_is_refused_with_a_word(folder: Path) -> None:
    (folder / "server" / "cluster").mkdir(parents=True)
    (folder / "server" / "launch.lock").touch()
    with pytest.raises(Exception, match="belongs to root, and PostgreSQL runs as anybody but"):
        await EmbeddedPostgres(folder / "server").start()
