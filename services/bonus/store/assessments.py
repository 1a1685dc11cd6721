"""Assessments as they were made, and the editions of the rules they were made by: append-only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.bonus.domain.assessment import Assessment, Missing, Reason, Status
from services.bonus.domain.differences import Line, LineKey, line_object, lines_in
from services.bonus.rules.editions import Edition
from shared.database import Connection, Row

# The edition goes along as text each time: that costs less than asking whether it is there.
# Facts and lines, of which each assessment has another number, travel as text as well.
INSERT_ASSESSMENTS = """
WITH used AS (
    INSERT INTO rule_edition (edition, content, first_used_at)
    SELECT $1, $2, $4
     WHERE NOT EXISTS (SELECT 1 FROM rule_edition WHERE edition = $1)
        ON CONFLICT (edition) DO NOTHING
)
INSERT INTO assessment (assessment_id, person, as_of, assessed_at, edition, facts, lines)
SELECT gen_random_uuid(), told.person, $3, $4, $1, told.facts::uuid[], told.lines::jsonb
  FROM unnest($5::uuid[], $6::text[], $7::text[]) AS told (person, facts, lines)
"""

LIST_ASSESSMENTS_OF_PERSON = """
SELECT assessment_id, as_of, assessed_at, edition, facts, lines
  FROM assessment
 WHERE person = $1
 ORDER BY position
"""

FIND_EDITION = "SELECT edition, content FROM rule_edition WHERE edition = $1"


@dataclass(frozen=True, slots=True)
class NewAssessment:
    """An assessment to be kept, with the ids of all facts it knew."""

    person: str
    facts: Sequence[str]
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class StoredAssessment:
    """An assessment as it was made."""

    assessment_id: str
    as_of: date
    assessed_at: datetime
    edition: str
    facts: tuple[str, ...]
    """Ids of the facts it knew."""
    lines: Mapping[LineKey, Line]
    """What it gave."""


async def insert_assessments(
    connection: Connection,
    made: Sequence[NewAssessment],
    *,
    edition: Edition,
    as_of: date,
    assessed_at: datetime,
) -> None:
    """Keep the assessments, all made by one edition; the caller holds the persons' locks."""
    if not made:
        return
    await connection.execute(
        INSERT_ASSESSMENTS,
        edition.name,
        edition.content,
        as_of,
        assessed_at,
        [each.person for each in made],
        ["{" + ",".join(each.facts) + "}" for each in made],
        [_lines(each.assessment) for each in made],
    )


async def list_assessments(connection: Connection, person: str) -> list[StoredAssessment]:
    """Everything kept of the person, in the order in which it was made."""
    rows = await connection.fetch(LIST_ASSESSMENTS_OF_PERSON, person)
    return [
        StoredAssessment(
            assessment_id=str(row["assessment_id"]),
            as_of=row["as_of"],
            assessed_at=row["assessed_at"],
            edition=row["edition"],
            facts=tuple(str(each) for each in row["facts"]),
            lines=dict(read_line(each) for each in row["lines"]),
        )
        for row in rows
    ]


async def find_edition(connection: Connection, name: str) -> Edition | None:
    """The rules of that name, if anything was ever assessed by them."""
    row: Row | None = await connection.fetchrow(FIND_EDITION, name)
    return Edition(row["edition"], row["content"]) if row is not None else None


def _lines(assessment: Assessment) -> str:
    given = lines_in(assessment).items()
    lines = [{**key._asdict(), **line_record(line)} for key, line in given]
    return json.dumps(lines, ensure_ascii=False, separators=(",", ":"))


def line_record(line: Line) -> dict[str, Any]:
    """All of a line as JSON."""
    return {**line_object(line), "start": None if line.start is None else line.start.isoformat()}


def read_line(told: Mapping[str, Any]) -> tuple[LineKey, Line]:
    """A line from JSON, with the key it is stored under."""
    return LineKey(told["employer"], told["scheme"], told["milestone"]), Line(
        due_on=date.fromisoformat(told["due_on"]),
        amount_ore=told["amount_ore"],
        status=Status(told["status"]),
        reason=None if told["reason"] is None else Reason(told["reason"]),
        missing=tuple(Missing(each) for each in told["missing"]),
        rule=told["rule"],
        law=told["law"],
        start=None if told["start"] is None else date.fromisoformat(told["start"]),
    )
