"""Migrations go forward only, each file once, whoever starts them and how many do so at once."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asyncpg.exceptions import PostgresError

from shared.database.faults import Fault, fault_of
from shared.database.roles import (
    SchemaPlan,
    create_roles,
    create_schemas,
    guard_database,
    quoted,
    renew_passwords,
)
from shared.database.session import Session, open_session

# The first in which a role may be granted without being inherited from.
VERSION_MIN = 16
VERSION_UNIT = 10_000  # 160004 is version 16.4

# Whoever migrates a database holds this advisory lock; the number is arbitrary.
LOCK_KEY = 6_420_177_301
LOCK_POLL_SECONDS = 0.1
LOCK_WAIT_SECONDS_MAX = 300.0

# A migration that waits for a lock makes everybody behind it wait too: better to let go, and to
# try again a moment later.
STATEMENT_LOCK_TIMEOUT = "2s"
CONTENTION_TRIES_MAX = 5

NO_TRANSACTION_MARK = "-- no-transaction"
STATEMENT_BORDER = re.compile(r"^-- then\s*$", re.MULTILINE)

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql", re.ASCII)
_TRANSACTION_COMMAND = re.compile(
    r"^\s*(BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK)\s*;", re.IGNORECASE | re.MULTILINE
)

_BOOK_KEEPING = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.applied (
    schema_name text        NOT NULL,
    component   text        NOT NULL,
    file_name   text        NOT NULL,
    sha256      text        NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema_name, component, file_name)
)
"""
_LIST_APPLIED = "SELECT schema_name, component, file_name, sha256 FROM migrations.applied"
_INSERT_APPLIED = """
INSERT INTO migrations.applied (schema_name, component, file_name, sha256)
VALUES ($1, $2, $3, $4)
"""


class MigrationError(Exception):
    """The migrations can't be applied as they are."""


class MigrationChangedError(MigrationError):
    """A file was changed or removed after it was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of one component, to be applied in one schema."""

    schema: str
    component: str
    file_name: str
    sql: str
    sha256: str
    owner_role: str | None

    def __str__(self) -> str:
        return f"{self.schema}/{self.component}/{self.file_name}"


async def migrate(owner_url: str, plans: Sequence[SchemaPlan]) -> list[str]:
    """Bring a database to what the plans say; return the files applied now, in their order.

    Creates roles and schemas first, then applies each file that was not applied yet, in its
    schema, in one transaction of its own. A file whose first line is `-- no-transaction` (for
    CREATE INDEX CONCURRENTLY) runs outside any, its statements parted by lines `-- then`, and must
    bear being run again after a crash.

    Several may start at once: one works, the others wait for it and find nothing left to do.
    Raises MigrationChangedError for a file that changed or vanished since it was applied, and
    MigrationError for one that is misnamed, out of order, or fails; what came before it stays.
    """
    migrations = [each for plan in plans for each in _read_plan(plan)]
    _check_passwords(plans)
    connection = await open_session(owner_url, settings={"application_name": "sammen migrate"})
    try:
        await _check_version(connection)
        await _lock(connection)
        await create_roles(connection, plans)
        await guard_database(connection, plans)
        await renew_passwords(owner_url, connection, plans)
        await create_schemas(connection, plans)
        await connection.execute(_BOOK_KEEPING)
        pending = _pending(migrations, await _read_applied(connection))
        for migration in pending:
            await _apply(connection, migration)
    finally:
        # Ends the session and with it the lock.
        await connection.close()
    return [str(migration) for migration in pending]


async def guard_copy(owner_url: str, plans: Sequence[SchemaPlan]) -> None:
    """Give a database copied from a migrated one the rights that a copy does not inherit."""
    connection = await open_session(owner_url)
    try:
        await guard_database(connection, plans)
    finally:
        await connection.close()


def _read_plan(plan: SchemaPlan) -> list[Migration]:
    migrations = []
    for component, folder in plan.migrations:
        if not folder.is_dir():
            raise MigrationError(f"the folder {folder} of {component} is missing; restore it")
        for path in sorted(folder.glob("*.sql")):
            if not _FILE_NAME.fullmatch(path.name):
                raise MigrationError(f"{path} is misnamed; call it NNNN_what_it_does.sql")
            # Read as text, so that line ends of another system's checkout are no change.
            sql = path.read_text(encoding="utf-8")
            sha256 = hashlib.sha256(sql.encode()).hexdigest()
            migrations.append(
                Migration(plan.schema, component, path.name, sql, sha256, plan.owner_role)
            )
    return migrations


def _check_passwords(plans: Sequence[SchemaPlan]) -> None:
    for plan in plans:
        for role, password in plan.roles.items():
            if not (password and password.isascii() and password.isprintable()):
                raise MigrationError(
                    f"the password of {role} is empty or not printable ASCII; choose another"
                )


async def _check_version(connection: Session) -> None:
    version = await connection.fetchval("SELECT current_setting('server_version_num')::int")
    if version < VERSION_MIN * VERSION_UNIT:
        raise MigrationError(
            f"this is PostgreSQL {version // VERSION_UNIT}; use {VERSION_MIN} or later"
        )


AppliedFiles = Mapping[tuple[str, str], Mapping[str, str]]


async def _read_applied(connection: Session) -> AppliedFiles:
    """Digest by file name, by schema and component."""
    applied: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in await connection.fetch(_LIST_APPLIED):
        applied[row["schema_name"], row["component"]][row["file_name"]] = row["sha256"]
    return applied


def _pending(migrations: Sequence[Migration], applied: AppliedFiles) -> list[Migration]:
    known: dict[tuple[str, str], dict[str, Migration]] = defaultdict(dict)
    for migration in migrations:
        known[migration.schema, migration.component][migration.file_name] = migration
    for place, files in known.items():
        _check_component(files, applied.get(place, {}))
    return [
        each
        for each in migrations
        if each.file_name not in applied.get((each.schema, each.component), {})
    ]


def _check_component(files: Mapping[str, Migration], applied: Mapping[str, str]) -> None:
    numbers = [name[:4] for name in files]
    for migration in files.values():
        if numbers.count(migration.file_name[:4]) > 1:
            raise MigrationError(f"{migration} shares its number; give one of them the next")
        digest = applied.get(migration.file_name)
        if digest is None and applied and migration.file_name < max(applied):
            raise MigrationError(
                f"{migration} comes before {max(applied)}, which is already applied; "
                "give it the next number"
            )
        if digest not in (None, migration.sha256):
            raise MigrationChangedError(
                f"{migration} was changed after it was applied; restore it and write a new file"
            )
    for file_name in applied:
        if file_name not in files:
            raise MigrationChangedError(
                f"{file_name} was applied to this database but is not among "
                f"{', '.join(files)}; restore it, or run the newer version that has it"
            )


async def _lock(connection: Session) -> None:
    """Wait to be the only one.

    Asking again and again instead of waiting inside the server: a session that waits there holds a
    snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots, so that the two would deadlock.
    """
    deadline = asyncio.get_running_loop().time() + LOCK_WAIT_SECONDS_MAX
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY):
        if asyncio.get_running_loop().time() > deadline:
            raise MigrationError(
                f"another migration still runs after {LOCK_WAIT_SECONDS_MAX:.0f} s; "
                "look for a session named 'sammen migrate' in pg_stat_activity"
            )
        await asyncio.sleep(LOCK_POLL_SECONDS)


async def _apply(connection: Session, migration: Migration) -> None:
    for attempt in range(1, CONTENTION_TRIES_MAX + 1):
        try:
            if migration.sql.startswith(NO_TRANSACTION_MARK):
                await _apply_outside_transaction(connection, migration)
            else:
                await _apply_in_transaction(connection, migration)
        except PostgresError as error:
            if fault_of(error) is Fault.CONTENTION and attempt < CONTENTION_TRIES_MAX:
                await asyncio.sleep(attempt)
                continue
            raise MigrationError(f"{migration} failed: {error}; mend it and start again") from error
        else:
            return


async def _apply_in_transaction(connection: Session, migration: Migration) -> None:
    command = _TRANSACTION_COMMAND.search(migration.sql)
    if command:
        raise MigrationError(
            f"{migration} says {command.group().strip()}; leave it out, each file is a transaction"
        )
    async with connection.transaction():
        await _enter(connection, migration, scope="LOCAL")
        await connection.execute(migration.sql)
        await connection.execute("RESET ROLE")
        await _record(connection, migration)


async def _apply_outside_transaction(connection: Session, migration: Migration) -> None:
    await _enter(connection, migration, scope="SESSION")
    try:
        for statement in STATEMENT_BORDER.split(migration.sql):
            await connection.execute(statement)
    finally:
        if not connection.is_closed():
            await connection.execute("RESET ROLE")
            await connection.execute("RESET ALL")
    await _record(connection, migration)


async def _enter(connection: Session, migration: Migration, *, scope: str) -> None:
    await connection.execute(
        f"SET {scope} search_path = {quoted(migration.schema)}, pg_temp;"
        f"SET {scope} lock_timeout = '{STATEMENT_LOCK_TIMEOUT}';"
        f"SET {scope} statement_timeout = 0;"
    )
    if migration.owner_role is not None:
        await connection.execute(f"SET {scope} ROLE {quoted(migration.owner_role)}")


async def _record(connection: Session, migration: Migration) -> None:
    await connection.execute(
        _INSERT_APPLIED,
        migration.schema,
        migration.component,
        migration.file_name,
        migration.sha256,
    )
