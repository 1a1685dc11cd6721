"""What a sender has told and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.placements.domain.reports import Refused
from shared.database import Connection, Row

LIST_TOLD = """
  SELECT position, report_id, fact, placement, outcome, reason, detail, code, late, received_at
    FROM report
   WHERE sender = $1
     AND position > $2
     AND ($3::text IS NULL OR outcome = $3)
     AND (late OR NOT $4::boolean)
ORDER BY position
   LIMIT $5
"""

COUNT_TOLD = """
SELECT count(*) AS received,
       count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
       count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE outcome = 'parked') AS parked,
       count(*) FILTER (WHERE outcome = 'refused') AS refused,
       count(*) FILTER (WHERE late) AS late
  FROM report
 WHERE sender = $1
"""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Which part of a sender's feed is asked for."""

    after: int
    limit: int
    outcome: str | None = None
    only_late: bool = False


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One report as its sender sees it."""

    position: int
    report_id: str | None
    fact: str | None
    placement: str | None
    outcome: str
    refused: Refused | None
    late: bool
    received_at: datetime


async def list_told(connection: Connection, sender: str, page: FeedPage) -> list[FeedEntry]:
    """A sender's reports after a position, in the order told, at most `page.limit`."""
    rows = await connection.fetch(
        LIST_TOLD, sender, page.after, page.outcome, page.only_late, page.limit
    )
    return [_entry(row) for row in rows]


async def count_told(connection: Connection, sender: str) -> dict[str, int]:
    """How many reports a sender has told, in all and by what became of them."""
    row = await connection.fetchrow(COUNT_TOLD, sender)
    assert row is not None, "an aggregate always has one row"
    return dict(row.items())


def _entry(row: Row) -> FeedEntry:
    reason, detail, code = row["reason"], row["detail"], row["code"]
    refused = None if reason is None else Refused(reason, detail, code)
    return FeedEntry(
        position=row["position"],
        report_id=row["report_id"],
        fact=row["fact"],
        placement=row["placement"],
        outcome=row["outcome"],
        refused=refused,
        late=row["late"],
        received_at=row["received_at"],
    )
