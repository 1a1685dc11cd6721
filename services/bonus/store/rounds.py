"""Rounds over all persons: which is open, and how far each part of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.bonus.store.facts import LockedPerson, locked_persons
from shared.database import Connection

FIND_OPEN_ROUND = """
SELECT round_id, edition
  FROM person_round
 WHERE purpose = $1
   AND ended_at IS NULL
   FOR UPDATE
"""

INSERT_ROUND = """
INSERT INTO person_round (purpose, edition, began_at)
VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
RETURNING round_id
"""

INSERT_PARTS = """
INSERT INTO person_round_part (round_id, part, after, upto)
SELECT $1, told.part, told.after, told.upto
  FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS told (after, upto, part)
"""

END_ROUND = "UPDATE person_round SET ended_at = $2 WHERE round_id = $1 AND ended_at IS NULL"

LOCK_PART = """
SELECT part, after, upto
  FROM person_round_part
 WHERE round_id = $1
   AND NOT is_done
 ORDER BY part
 LIMIT 1
   FOR UPDATE SKIP LOCKED
"""

SAVE_PART = """
UPDATE person_round_part
   SET after   = $3,
       persons = persons + $4,
       found   = found + $5,
       is_done = $6
 WHERE round_id = $1
   AND part = $2
"""

FIND_PROGRESS = """
SELECT sum(persons)::bigint AS persons, sum(found)::bigint AS found, bool_and(is_done) AS is_done
  FROM person_round_part
 WHERE round_id = $1
"""

LOCK_PERSONS_BETWEEN = """
SELECT person, assessed_on
  FROM person
 WHERE person > $1
   AND person <= $2
 ORDER BY person
 LIMIT $3
   FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class Part:
    """The persons of one part that are still to be looked at."""

    part: int
    after: str
    upto: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a round is: persons looked at, and for how many of them something was found."""

    persons: int
    found: int
    is_done: bool


async def find_open_round(connection: Connection, purpose: str) -> tuple[int, str] | None:
    """Id and edition of the round that is under way, held until this transaction ends."""
    row = await connection.fetchrow(FIND_OPEN_ROUND, purpose)
    return (row["round_id"], row["edition"]) if row is not None else None


async def insert_round(
    connection: Connection,
    purpose: str,
    edition: str,
    borders: Sequence[tuple[str, str]],
    *,
    began_at: datetime,
) -> int | None:
    """Open a round with a part between each two borders; None when another was opened just now."""
    round_id: int | None = await connection.fetchval(INSERT_ROUND, purpose, edition, began_at)
    if round_id is not None:
        afters, uptos = zip(*borders, strict=True)
        await connection.execute(INSERT_PARTS, round_id, list(afters), list(uptos))
    return round_id


async def end_round(connection: Connection, round_id: int, *, ended_at: datetime) -> None:
    """Close the round, if it is not closed."""
    await connection.execute(END_ROUND, round_id, ended_at)


async def lock_part(connection: Connection, round_id: int) -> Part | None:
    """Hold a part that is not done and that nobody else is at; None if there is none."""
    row = await connection.fetchrow(LOCK_PART, round_id)
    return Part(row["part"], str(row["after"]), str(row["upto"])) if row is not None else None


async def save_part(
    connection: Connection, round_id: int, part: Part, *, persons: int, found: int, is_done: bool
) -> None:
    """Note that the part's next persons, up to `part.after`, were looked at."""
    await connection.execute(SAVE_PART, round_id, part.part, part.after, persons, found, is_done)


async def find_progress(connection: Connection, round_id: int) -> Progress:
    """How far the round is."""
    row = await connection.fetchrow(FIND_PROGRESS, round_id)
    assert row is not None, "a sum is always one row"
    return Progress(row["persons"], row["found"], row["is_done"])


async def lock_persons_between(
    connection: Connection, after: str, upto: str, *, limit: int
) -> list[LockedPerson]:
    """Hold the rows of the next persons, in the order all take them in."""
    return locked_persons(await connection.fetch(LOCK_PERSONS_BETWEEN, after, upto, limit))
