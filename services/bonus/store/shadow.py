"""What the shadow rules have looked at, and which instalments they give otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.bonus.domain.differences import Line, LineKey
from services.bonus.store.assessments import line_record, read_line
from shared.database import Connection, Row

DIFFERENCES_LISTED_MAX = 500

# The sequence knows the positions of transactions that have not committed yet.
FIND_END = """
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('assessment', 'position')), 0)
           AS position,
       pg_snapshot_xmax(pg_current_snapshot())::text AS before
"""

IS_SETTLED = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8"

ENSURE_LOOK = """
INSERT INTO shadow_look (edition, done_upto, began_at, looked_at)
VALUES ($1, $2, $3, $3)
    ON CONFLICT (edition) DO NOTHING
"""

LOCK_LOOK = "SELECT done_upto FROM shadow_look WHERE edition = $1 FOR UPDATE"

SAVE_LOOK = """
UPDATE shadow_look
   SET done_upto   = $2,
       assessments = assessments + $3,
       differing   = differing + $4,
       failed      = failed + $5,
       looked_at   = $6
 WHERE edition = $1
"""

LIST_ASSESSED = """
SELECT position, assessment_id, person, as_of, facts, lines
  FROM assessment
 WHERE position > $1
   AND position <= $2
 ORDER BY position
"""

FORGET_DIFFERENCES = """
DELETE FROM shadow_difference
 WHERE edition = $1
   AND person = ANY($2::uuid[])
"""

INSERT_DIFFERENCES = """
INSERT INTO shadow_difference (edition, person, employer, scheme, milestone, assessment_id, live,
                               shadow, found_at)
SELECT $1, told.person, told.employer, told.scheme, told.milestone, told.assessment_id, told.live,
       told.shadow, $3
  FROM jsonb_to_recordset($2::jsonb)
       AS told (person uuid, employer text, scheme text, milestone text, assessment_id uuid,
                live jsonb, shadow jsonb)
"""

FIND_LAST_LOOK = """
SELECT edition, assessments, differing, failed, began_at, looked_at
  FROM shadow_look
 ORDER BY looked_at DESC, edition
 LIMIT 1
"""

COUNT_DIFFERENCES = """
SELECT count(*) AS instalments,
       coalesce(sum(CASE WHEN shadow ->> 'status' = 'DUE'
                         THEN (shadow ->> 'amount_ore')::bigint ELSE 0 END
                  - CASE WHEN live ->> 'status' = 'DUE'
                         THEN (live ->> 'amount_ore')::bigint ELSE 0 END), 0)::bigint
           AS entitlement_change_ore
  FROM shadow_difference
 WHERE edition = $1
"""

LIST_DIFFERENCES = """
SELECT person, employer, scheme, milestone, assessment_id, live, shadow, found_at
  FROM shadow_difference
 WHERE edition = $1
 ORDER BY found_at DESC, person, employer, scheme, milestone
 LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Assessed:
    """A kept assessment, to be made again by other rules."""

    assessment_id: str
    person: str
    as_of: date
    facts: Sequence[str]
    lines: Mapping[LineKey, Line]


@dataclass(frozen=True, slots=True)
class ShadowDifference:
    """An instalment that other rules give otherwise; a side is None where it lists none."""

    person: str
    key: LineKey
    assessment_id: str
    live: Line | None
    shadow: Line | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of assessments made again: how many, how many differ, how many failed."""

    assessments: int = 0
    differing: int = 0
    failed: int = 0


async def find_end(connection: Connection) -> tuple[int, str]:
    """The last position given so far, and the transaction before which all that hold one began."""
    row = await connection.fetchrow(FIND_END)
    assert row is not None, "one row, whatever is stored"
    return row["position"], row["before"]


async def is_settled(connection: Connection, before: str) -> bool:
    """Whether every transaction from before that one has ended."""
    return bool(await connection.fetchval(IS_SETTLED, before))


async def lock_look(connection: Connection, edition: str, *, end: int, now: datetime) -> int:
    """Hold the look of these rules, begun at this end if it is new: the last position done."""
    await connection.execute(ENSURE_LOOK, edition, end, now)
    return int(await connection.fetchval(LOCK_LOOK, edition))


async def save_look(
    connection: Connection, edition: str, *, done_upto: int, counted: Counted, now: datetime
) -> None:
    """Note how far the look is, and what it found since."""
    found = (counted.assessments, counted.differing, counted.failed)
    await connection.execute(SAVE_LOOK, edition, done_upto, *found, now)


async def list_assessed(connection: Connection, *, after: int, upto: int) -> list[Assessed]:
    """The assessments at these positions, in the order they were made."""
    return [_assessed(row) for row in await connection.fetch(LIST_ASSESSED, after, upto)]


async def replace_differences(
    connection: Connection,
    edition: str,
    persons: Iterable[str],
    found: Sequence[ShadowDifference],
    *,
    now: datetime,
) -> None:
    """What differs of these persons is this, and nothing that was found before."""
    await connection.execute(FORGET_DIFFERENCES, edition, sorted(set(persons)))
    if found:
        records = [_as_record(each) for each in found]
        await connection.execute(INSERT_DIFFERENCES, edition, records, now)


async def find_last_look(connection: Connection) -> dict[str, Any] | None:
    """The rules last looked with, and what they found, counted."""
    row = await connection.fetchrow(FIND_LAST_LOOK)
    if row is None:
        return None
    sums = await connection.fetchrow(COUNT_DIFFERENCES, row["edition"])
    assert sums is not None, "a count is always one row"
    return {**dict(row.items()), **dict(sums.items())}


async def list_differences(connection: Connection, edition: str) -> list[dict[str, Any]]:
    """At most DIFFERENCES_LISTED_MAX instalments that differ, the newest first."""
    rows = await connection.fetch(LIST_DIFFERENCES, edition, DIFFERENCES_LISTED_MAX)
    return [
        {**dict(row.items()), **{name: str(row[name]) for name in ("person", "assessment_id")}}
        for row in rows
    ]


def _assessed(row: Row) -> Assessed:
    return Assessed(
        assessment_id=str(row["assessment_id"]),
        person=str(row["person"]),
        as_of=row["as_of"],
        facts=[str(each) for each in row["facts"]],
        lines=dict(read_line(each) for each in row["lines"]),
    )


def _as_record(found: ShadowDifference) -> dict[str, object]:
    return {
        "person": found.person,
        **found.key._asdict(),
        "assessment_id": found.assessment_id,
        "live": line_record(found.live) if found.live else None,
        "shadow": line_record(found.shadow) if found.shadow else None,
    }
