"""What stands in the embedded server's way is said, and left as it is."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from shared.database import EmbeddedPostgres, EmbeddedPostgresError
from tests.integration.database.conftest import answers


async def test_a_taken_port_is_said_when_asked_for_and_evaded_when_not(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    first = await own_postgres.start()
    await own_postgres.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        wanting = EmbeddedPostgres(folder / "server", port=first.port)
        with pytest.raises(EmbeddedPostgresError, match=f"port {first.port} on 127.0.0.1 is taken"):
            await wanting.start()
        elsewhere = await own_postgres.start()
        assert elsewhere.port != first.port
    with pytest.raises(EmbeddedPostgresError, match=f"already runs on port {elsewhere.port}"):
        await wanting.start()


def remembered(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, to see that it is left alone."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("content", ["notes.txt", "PG_VERSION"])
async def test_a_folder_that_holds_something_else_is_left_alone(folder: Path, content: str) -> None:
    (folder / "server").mkdir()
    (folder / "server" / content).write_text("16\n")
    before = remembered(folder)
    with pytest.raises(EmbeddedPostgresError, match="holds something else"):
        await EmbeddedPostgres(folder / "server").start()
    await EmbeddedPostgres(folder / "server").stop()
    assert remembered(folder) == before


async def test_a_file_in_the_folders_place_is_said(folder: Path) -> None:
    (folder / "server").write_text("not a folder")
    with pytest.raises(EmbeddedPostgresError, match="can't be used as data folder"):
        await EmbeddedPostgres(folder / "server").start()


async def test_another_major_version_is_said(own_postgres: EmbeddedPostgres, folder: Path) -> None:
    await own_postgres.start()
    await own_postgres.stop()
    version = folder / "server" / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 17, and this is 18"):
        await own_postgres.start()
    version.write_text("18\n")
    assert await answers((await own_postgres.start()).owner_url)


async def test_lost_passwords_are_said(own_postgres: EmbeddedPostgres, folder: Path) -> None:
    await own_postgres.start()
    await own_postgres.stop()
    state = folder / "server" / "state.json"
    shutil.move(state, folder / "elsewhere")
    with pytest.raises(EmbeddedPostgresError, match=r"state\.json is gone"):
        await own_postgres.start()
    shutil.move(folder / "elsewhere", state)
    assert await answers((await own_postgres.start()).owner_url)


async def test_a_server_that_does_not_start_says_why(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    await own_postgres.start()
    await own_postgres.stop()
    settings = folder / "server" / "cluster" / "postgresql.conf"
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match=r"last words:\n.*no_such_setting") as failed:
        await own_postgres.start()
    assert "did not start" in str(failed.value)
