"""Reports and the placements they are about; every statement takes or gives a whole batch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.placements.domain.door import Counted
from services.placements.domain.reports import (
    Accepted,
    Duplicate,
    Outcome,
    OutcomeWord,
    Parked,
    Period,
    Refused,
    Thing,
    Told,
)
from shared.database import Connection, Row

# One sender's reports are decided one batch after the other: report ids are then looked up and
# used without anybody in between, and a sender's feed grows at its end only.
LOCK_SENDER = """
SELECT pg_advisory_xact_lock(hashtextextended('placements.report/' || $1::text, 0))
"""

LIST_BY_REPORT_ID = """
SELECT report_id, digest, outcome, person::text AS person, stamp, reason, detail, code
  FROM report
 WHERE sender = $1
   AND report_id = ANY($2::text[])
   AND reason IS DISTINCT FROM 'report-id-conflict'
"""

INSERT_PLACEMENTS = """
INSERT INTO placement (placement)
     SELECT unnest($1::text[])
ON CONFLICT (placement) DO NOTHING
"""

LOCK_PLACEMENTS = """
  SELECT placement, person::text AS person
    FROM placement
   WHERE placement = ANY($1::text[])
ORDER BY placement
     FOR NO KEY UPDATE
"""

SAVE_PLACEMENTS = """
UPDATE placement
   SET person = started.person
  FROM unnest($1::text[], $2::uuid[]) AS started (placement, person)
 WHERE placement.placement = started.placement
"""

LIST_PARKED = """
  SELECT position, sender, placement, content
    FROM report
   WHERE outcome = 'parked'
     AND placement = ANY($1::text[])
ORDER BY position
"""

LIST_COUNTED = """
  SELECT report.person::text AS person, report.thing, report.meaning, report.first_day,
         report.last_day
    FROM unnest($1::uuid[], $2::text[]) AS asked (person, thing)
    JOIN report USING (person, thing)
   WHERE report.outcome = 'accepted'
ORDER BY report.person, report.thing, report.stamp
"""

INSERT_REPORTS = """
INSERT INTO report
            (sender, received_at, report_id, content, digest, fact, placement, outcome, reason,
             detail, code, late, person, thing, meaning, first_day, last_day, stamp)
     SELECT $1, $2, report_id, content::jsonb, digest, fact, placement, outcome, reason,
            detail, code, late, person, thing, meaning, first_day, last_day, stamp
       FROM unnest($3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[],
                   $9::text[], $10::text[], $11::text[], $12::boolean[], $13::uuid[], $14::text[],
                   $15::bytea[], $16::date[], $17::date[], $18::timestamptz[])
            WITH ORDINALITY
            AS told (report_id, content, digest, fact, placement, outcome, reason, detail, code,
                     late, person, thing, meaning, first_day, last_day, stamp, place)
   ORDER BY place
"""

SAVE_RELEASED = """
UPDATE report
   SET outcome = released.outcome,
       late = report.late AND released.outcome = 'accepted',
       person = released.person,
       thing = released.thing,
       meaning = released.meaning,
       first_day = released.first_day,
       last_day = released.last_day,
       stamp = released.stamp
  FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::bytea[], $6::date[],
              $7::date[], $8::timestamptz[])
       AS released (position, outcome, person, thing, meaning, first_day, last_day, stamp)
 WHERE report.position = released.position
"""


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report to be kept."""

    told: Told
    outcome: Outcome
    content: Mapping[str, object] | None
    late: bool


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A report kept while it waits."""

    position: int
    sender: str
    placement: str
    content: Mapping[str, object]


async def lock_sender(connection: Connection, sender: str) -> None:
    """Wait until no other batch of this sender is being decided."""
    await connection.execute(LOCK_SENDER, sender)


async def find_outcomes(
    connection: Connection, sender: str, report_ids: Collection[str]
) -> dict[str, tuple[bytes, Outcome]]:
    """Digest and outcome of those report ids that the sender has used before."""
    rows = await connection.fetch(LIST_BY_REPORT_ID, sender, list(report_ids))
    return {row["report_id"]: (row["digest"], _outcome(row)) for row in rows}


async def lock_placements(connection: Connection, placements: Collection[str]) -> dict[str, str]:
    """Person by placement, of those whose start is known; all of them are locked, known or not.

    Waits for others who tell of them.
    """
    ordered = sorted(placements)
    await connection.execute(INSERT_PLACEMENTS, ordered)
    rows = await connection.fetch(LOCK_PLACEMENTS, ordered)
    return {row["placement"]: row["person"] for row in rows if row["person"] is not None}


async def save_placements(connection: Connection, persons: Mapping[str, str]) -> None:
    """Keep whose placements they are."""
    await connection.execute(SAVE_PLACEMENTS, list(persons), list(persons.values()))


async def list_parked(connection: Connection, placements: Collection[str]) -> list[ParkedRow]:
    """Everything that waits for the start of these placements, in the order told."""
    rows = await connection.fetch(LIST_PARKED, list(placements))
    return [
        ParkedRow(row["position"], row["sender"], row["placement"], row["content"]) for row in rows
    ]


async def list_counted(
    connection: Connection, asked: Collection[tuple[str, Thing]]
) -> dict[tuple[str, Thing], list[Counted]]:
    """The facts accepted about each person and thing, oldest first."""
    rows = await connection.fetch(
        LIST_COUNTED, [person for person, _ in asked], [str(thing) for _, thing in asked]
    )
    counted: dict[tuple[str, Thing], list[Counted]] = {}
    for row in rows:
        period = None
        if row["first_day"] is not None:
            period = Period(row["first_day"], row["last_day"])
        key = (row["person"], Thing(row["thing"]))
        counted.setdefault(key, []).append(Counted(row["meaning"], period))
    return counted


async def insert_reports(
    connection: Connection,
    sender: str,
    reports: Sequence[NewReport],
    *,
    received_at: datetime,
) -> None:
    """Keep new reports, in the order told."""
    refusals = [r.outcome if isinstance(r.outcome, Refused) else None for r in reports]
    counted = [_counted_columns(r.told, r.outcome) for r in reports]
    await connection.execute(
        INSERT_REPORTS,
        sender,
        received_at,
        [r.told.report_id for r in reports],
        [None if r.content is None else json.dumps(r.content) for r in reports],
        [r.told.content for r in reports],
        [r.told.fact or None for r in reports],
        [r.told.placement for r in reports],
        [outcome_word(r.outcome) for r in reports],
        [refused and refused.reason for refused in refusals],
        [refused and refused.detail for refused in refusals],
        [refused and refused.code for refused in refusals],
        [r.late for r in reports],
        *zip(*counted, strict=True),
    )


async def save_released(
    connection: Connection, released: Mapping[int, tuple[Told, Accepted | Duplicate]]
) -> None:
    """Keep what became of reports that waited, by position."""
    counted = [_counted_columns(told, outcome) for told, outcome in released.values()]
    await connection.execute(
        SAVE_RELEASED,
        list(released),
        [outcome_word(outcome) for _, outcome in released.values()],
        *zip(*counted, strict=True),
    )


def outcome_word(outcome: Outcome) -> OutcomeWord:
    """The outcome as it is written in a table and said to the sender."""
    match outcome:
        case Accepted():
            return "accepted"
        case Duplicate():
            return "duplicate"
        case Parked():
            return "parked"
        case Refused():
            return "refused"


def _counted_columns(told: Told, outcome: Outcome) -> tuple[object, ...]:
    """Person, thing, meaning, first day, last day and stamp; all null unless accepted."""
    if not isinstance(outcome, Accepted):
        return (None,) * 6
    period = told.period
    return (
        outcome.person,
        str(told.thing),
        told.meaning,
        period and period.first_day,
        period and period.last_day,
        outcome.stamp,
    )


def _outcome(row: Row) -> Outcome:
    match row["outcome"]:
        case "accepted":
            return Accepted(row["person"], row["stamp"])
        case "duplicate":
            return Duplicate()
        case "parked":
            return Parked()
        case _:
            return Refused(row["reason"], row["detail"], row["code"])
