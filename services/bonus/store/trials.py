"""What a trial looks at: all as it stood at one instant, without a lock and without a trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.database import Connection

HOLD_STILL = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"

# Of an id told with several persons the last told counts, as where somebody applies for it.
LIST_PERSONS_OF_PLACEMENTS = """
SELECT DISTINCT ON (placement) placement, person
  FROM placement
 WHERE placement = ANY($1::text[])
 ORDER BY placement, told_at DESC, employer, kind
"""

LIST_PLACED = """
SELECT person, bool_or(placement LIKE $2 || '/%') AS by_sender
  FROM placement
 WHERE person = ANY($1::uuid[])
 GROUP BY person
"""

LIST_PERSONS_AFTER = """
SELECT person
  FROM person
 WHERE person > $1
 ORDER BY person
 LIMIT $2
"""


async def hold_still(connection: Connection) -> None:
    """Let this transaction, of which it is the first statement, see one instant and write nothing.

    Whatever tries to write in it is refused by the database.
    """
    await connection.execute(HOLD_STILL)


async def list_persons_of_placements(
    connection: Connection, placements: Iterable[str]
) -> dict[str, str]:
    """Whose these placements are, by id; those never told of are left out."""
    rows = await connection.fetch(LIST_PERSONS_OF_PLACEMENTS, sorted(set(placements)))
    return {row["placement"]: str(row["person"]) for row in rows}


async def list_placed(
    connection: Connection, persons: Iterable[str], sender: str
) -> Mapping[str, bool]:
    """Of the persons ever placed by anybody: whether this sender placed them."""
    rows = await connection.fetch(LIST_PLACED, sorted(set(persons)), sender)
    return {str(row["person"]): row["by_sender"] for row in rows}


async def list_persons_after(connection: Connection, person: str, *, limit: int) -> Sequence[str]:
    """The next persons behind this one, sorted."""
    rows = await connection.fetch(LIST_PERSONS_AFTER, person, limit)
    return [str(row["person"]) for row in rows]
