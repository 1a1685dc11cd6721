"""The chain over the ledger's entries, and what each account holds for each instalment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.database import Connection, Row

LIST_UNLINKED = """
SELECT entry.entry_id, sealed_content(entry) AS content
  FROM ledger_entry AS entry
 WHERE NOT EXISTS (SELECT 1 FROM ledger_link AS link WHERE link.entry_id = entry.entry_id)
 ORDER BY entry.position
 LIMIT $1
"""

COUNT_UNLINKED = """
SELECT count(*)
  FROM ledger_entry AS entry
 WHERE entry.entered_at < $1
   AND NOT EXISTS (SELECT 1 FROM ledger_link AS link WHERE link.entry_id = entry.entry_id)
"""

FIND_HEAD = "SELECT sequence, hash FROM ledger_link ORDER BY sequence DESC LIMIT 1"

LIST_LINKS = """
SELECT link.sequence, link.hash, sealed_content(entry) AS content
  FROM ledger_link AS link
  LEFT JOIN ledger_entry AS entry USING (entry_id)
 WHERE link.sequence > $1
 ORDER BY link.sequence
 LIMIT $2
"""

INSERT_LINKS = """
INSERT INTO ledger_link (sequence, entry_id, hash, linked_at)
SELECT told.sequence, told.entry_id, told.hash, $4
  FROM unnest($1::bigint[], $2::uuid[], $3::bytea[]) AS told (sequence, entry_id, hash)
"""

LIST_BALANCES = """
SELECT entry.instalment_id, posting.account, sum(posting.amount_ore)::bigint AS ore
  FROM ledger_entry AS entry
  JOIN ledger_posting AS posting USING (entry_id)
 WHERE entry.instalment_id = ANY($1::uuid[])
 GROUP BY entry.instalment_id, posting.account
"""


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its place, what it covers as it stands now, and the hash it was sealed with."""

    sequence: int
    content: str
    hash: bytes


async def list_unlinked(connection: Connection, *, limit: int) -> list[tuple[str, str]]:
    """Id and content of entries not yet sealed, oldest first."""
    rows = await connection.fetch(LIST_UNLINKED, limit)
    return [(str(row["entry_id"]), row["content"]) for row in rows]


async def count_unlinked(connection: Connection, *, entered_before: datetime) -> int:
    """How many entries of before that instant are not sealed."""
    return int(await connection.fetchval(COUNT_UNLINKED, entered_before))


async def find_head(connection: Connection) -> tuple[int, bytes] | None:
    """Place and hash of the last link."""
    row = await connection.fetchrow(FIND_HEAD)
    return (row["sequence"], row["hash"]) if row is not None else None


async def list_links(connection: Connection, *, after: int, limit: int) -> list[Link]:
    """The links behind a place, in their order."""
    return [_link(row) for row in await connection.fetch(LIST_LINKS, after, limit)]


async def insert_links(
    connection: Connection, links: Sequence[tuple[int, str, bytes]], *, linked_at: datetime
) -> None:
    """Append links: place, entry and hash of each."""
    await connection.execute(
        INSERT_LINKS,
        [sequence for sequence, _, _ in links],
        [entry for _, entry, _ in links],
        [seal for _, _, seal in links],
        linked_at,
    )


async def list_balances(
    connection: Connection, instalments: Sequence[str]
) -> dict[str, dict[str, int]]:
    """What each account holds, by instalment."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await connection.fetch(LIST_BALANCES, list(instalments)):
        found[str(row["instalment_id"])][row["account"]] = row["ore"]
    return found


def _link(row: Row) -> Link:
    return Link(row["sequence"], row["content"], row["hash"])
