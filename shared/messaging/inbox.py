"""The inbox: which events a consumer has decided, so that a second delivery changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from shared.database import Connection

# Ids are claimed in one order by everybody, so that two claims never wait for each other.
CLAIM = """
INSERT INTO inbox (consumer, event_id, claimed_at)
SELECT $1, event_id, $3
FROM unnest($2::text[]) AS event_id
ON CONFLICT (consumer, event_id) DO NOTHING
RETURNING event_id
"""

FIND_KNOWN = """
SELECT event_id
FROM inbox
WHERE consumer = $1 AND event_id = ANY($2::text[])
"""


async def claim(
    connection: Connection, consumer: str, event_ids: Collection[str], *, claimed_at: datetime
) -> frozenset[str]:
    """Claim the ids for this transaction; those that were new.

    Waits for another transaction that is claiming one of them: if it commits, the id is known.
    """
    if not event_ids:
        return frozenset()
    rows = await connection.fetch(CLAIM, consumer, sorted(set(event_ids)), claimed_at)
    return frozenset(row["event_id"] for row in rows)


async def find_known(
    connection: Connection, consumer: str, event_ids: Collection[str]
) -> frozenset[str]:
    """Those of the ids that the consumer has decided."""
    if not event_ids:
        return frozenset()
    rows = await connection.fetch(FIND_KNOWN, consumer, list(set(event_ids)))
    return frozenset(row["event_id"] for row in rows)
