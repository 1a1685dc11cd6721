"""A transaction is all or nothing, whatever interrupts it."""

from __future__ import annotations

from pathlib import Path

from shared.database import Database
from tests.support.postgres import DatabaseFactory, login_plan


async def test_a_committed_transaction_is_seen_by_the_next(
    database_factory: DatabaseFactory, tmp_path: Path
) -> None:
    (tmp_path / "0001_initial.sql").write_text("CREATE TABLE note (body jsonb NOT NULL);")
    made = await database_factory([login_plan("bonus", ("notes", tmp_path))])
    database = await Database.connect(
        made.url("sammen_bonus"), application_name="test", schema="bonus"
    )
    try:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO note (body) VALUES ($1)", {"a": "ø"})
        async with database.transaction() as connection:
            assert await connection.fetchval("SELECT body FROM note") == {"a": "ø"}
    finally:
        await database.close()
