"""A database with one table, and a server that a test may stop and kill."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.database import Database, EmbeddedPostgres
from tests.support.lifelines import guarded
from tests.support.postgres import DatabaseFactory, TestDatabase, login_plan

NOTE = """
CREATE TABLE note (
    note integer PRIMARY KEY,
    body jsonb,
    said_at timestamptz,
    kept bigint,
    CONSTRAINT kept_is_positive CHECK (kept > 0)
);
"""


@pytest.fixture
async def notes(database_factory: DatabaseFactory, tmp_path: Path) -> TestDatabase:
    """A database whose schema `bonus` has the table `note`."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "0001_initial.sql").write_text(NOTE, encoding="utf-8")
    return await database_factory([login_plan("bonus", ("notes", folder))])


@pytest.fixture
async def database(notes: TestDatabase) -> AsyncIterator[Database]:
    """That database as its service's role."""
    opened = await Database.connect(
        notes.url("sammen_bonus"), application_name="test", schema="bonus", connections_max=4
    )
    yield opened
    await opened.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for one data folder, its `server`; no server in there outlives the test."""
    path = Path(tempfile.mkdtemp(prefix="sammen-test-embedded-"))
    with guarded(path):
        yield path


@pytest.fixture
async def own_postgres(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of the test's own, not yet started; whatever state it ends in is cleaned up."""
    postgres = EmbeddedPostgres(folder / "server", durable=False)
    yield postgres
    await postgres.stop()


async def answers(url: str) -> bool:
    """Whether the server at an address lets us in and answers."""
    database = await Database.connect(url, application_name="test")
    try:
        async with database.connection() as connection:
            return bool(await connection.fetchval("SELECT true"))
    finally:
        await database.close()
