"""What waits for a caseworker: open reviews, live claims, stopped payouts, flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.database import Connection, Row

LISTED_MAX = 100
"""Of each kind on one page of the list."""

LIST_UNDER_REVIEW = """
SELECT instalment_id AS id, person, count(*) OVER () AS waiting
  FROM instalment
 WHERE status = 'REVIEW'
   AND ($1::text IS NULL OR employer = $1)
 ORDER BY due_on, instalment_id
 LIMIT $2
OFFSET $3
"""

LIST_PROPOSED_CLAIMS = """
SELECT claim.instalment_id AS id, claim.person, count(*) OVER () AS waiting
  FROM repayment_claim AS claim
  JOIN instalment USING (instalment_id)
 WHERE claim.state IN ('proposed', 'upheld')
   AND ($1::text IS NULL OR instalment.employer = $1)
 ORDER BY claim.state, claim.raised_on, claim.claim_id
 LIMIT $2
OFFSET $3
"""

# Mirrors Payout.is_stopped, which decides.
LIST_STOPPED = """
SELECT payout.instalment_id AS id, payout.person, count(*) OVER () AS waiting
  FROM payout
  JOIN instalment USING (instalment_id)
 WHERE NOT payout.released
   AND ((payout.rejected AND payout.settled_ore < payout.amount_ore) OR payout.returned_ore > 0)
   AND ($1::text IS NULL OR instalment.employer = $1)
 ORDER BY payout.ordered_on, payout.payout_id
 LIMIT $2
OFFSET $3
"""

# A flag with a note comes last, with the note.
LIST_FLAGS = """
SELECT person.person, flag.name AS flag, note.reason, note.noted_by, note.noted_at,
       count(*) FILTER (WHERE note.note_id IS NULL) OVER () AS waiting
  FROM person
 CROSS JOIN LATERAL unnest(person.flags) AS flag (name)
  LEFT JOIN LATERAL (SELECT note_id, reason, noted_by, noted_at
                       FROM flag_note
                      WHERE flag_note.person = person.person
                        AND flag_note.flag = flag.name
                      ORDER BY noted_at DESC
                      LIMIT 1) AS note ON true
 WHERE person.flags <> '{}'
   AND ($1::text IS NULL OR EXISTS (SELECT 1
                                      FROM placement
                                     WHERE placement.person = person.person
                                       AND placement.employer = $1))
 ORDER BY note.noted_at NULLS FIRST, person.person, flag.name
 LIMIT $2
OFFSET $3
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The instalments in which something waits, the longest first, and how many there are."""

    instalments: tuple[str, ...]
    persons: tuple[str, ...]
    count: int
    has_more: bool
    """Whether pages follow."""


@dataclass(frozen=True, slots=True)
class RaisedFlag:
    """A flag of a person, and the last note on it."""

    person: str
    flag: str
    reason: str | None
    noted_by: str | None
    noted_at: datetime | None


async def list_under_review(connection: Connection, employer: str | None, page: int) -> Waiting:
    """Instalments that wait for a caseworker, the earliest milestone first."""
    return await _waiting(connection, LIST_UNDER_REVIEW, employer, page)


async def list_claims(connection: Connection, employer: str | None, page: int) -> Waiting:
    """Instalments with a live claim, those to be decided first, the oldest of them first."""
    return await _waiting(connection, LIST_PROPOSED_CLAIMS, employer, page)


async def list_stopped(connection: Connection, employer: str | None, page: int) -> Waiting:
    """Instalments of which a payout is stopped, the earliest ordered first."""
    return await _waiting(connection, LIST_STOPPED, employer, page)


async def list_flags(
    connection: Connection, employer: str | None, page: int
) -> tuple[Sequence[RaisedFlag], int, bool]:
    """Flags of persons ever placed at the employer (or anywhere), how many have no note, and
    whether pages follow.
    """
    rows, waiting = await _page(connection, LIST_FLAGS, employer, page)
    flags = [
        RaisedFlag(str(row["person"]), row["flag"], row["reason"], row["noted_by"], row["noted_at"])
        for row in rows[:LISTED_MAX]
    ]
    return flags, waiting, len(rows) > LISTED_MAX


async def _waiting(connection: Connection, query: str, employer: str | None, page: int) -> Waiting:
    rows, waiting = await _page(connection, query, employer, page)
    listed = rows[:LISTED_MAX]
    return Waiting(
        tuple(dict.fromkeys(str(row["id"]) for row in listed)),
        tuple(dict.fromkeys(str(row["person"]) for row in listed)),
        waiting,
        len(rows) > LISTED_MAX,
    )


async def _page(
    connection: Connection, query: str, employer: str | None, page: int
) -> tuple[Sequence[Row], int]:
    """The rows of a page and, if pages follow, one more; and how many wait on all of them."""
    before = (page - 1) * LISTED_MAX
    rows: Sequence[Row] = await connection.fetch(query, employer, LISTED_MAX + 1, before)
    counted = rows or await connection.fetch(query, employer, 1, 0)
    return rows, counted[0]["waiting"] if counted else 0
