"""Advisory locks by name: the database keeps them, and lets go of them when their holder dies."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from shared.database import Connection

Name = tuple[str | bytes, ...]

TRY_SESSION_LOCK = "SELECT pg_try_advisory_lock($1)"

# Taken in the order given, so that two who want several never wait for each other.
LOCK_FOR_TRANSACTION = "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number"


async def try_session_lock(connection: Connection, *name: str | bytes) -> bool:
    """Take the lock for as long as this connection is held; False when another has it."""
    taken: bool = await connection.fetchval(TRY_SESSION_LOCK, lock_number(name))
    return taken


async def lock_for_transaction(connection: Connection, names: Collection[Name]) -> None:
    """Wait for all these locks, and keep them until this transaction ends."""
    numbers = sorted({lock_number(name) for name in names})
    await connection.execute(LOCK_FOR_TRANSACTION, numbers)


def lock_number(name: Name) -> int:
    """The number PostgreSQL knows the lock by; two names share one with odds of 1 in 2^64."""
    digest = hashlib.blake2b(digest_size=8)
    for part in name:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return int.from_bytes(digest.digest(), "big", signed=True)
