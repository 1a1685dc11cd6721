"""Facts as they were told, each once, with when they were true and when they became known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime

from shared.database import Connection

INSERT_MEMBERSHIP_FACTS = """
INSERT INTO membership_fact (event_id, known_on, known_at, cvr, member, changed_on)
SELECT event_id, known_on, known_at, cvr, member, changed_on
  FROM unnest($1::text[], $2::date[], $3::timestamptz[], $4::text[], $5::bool[], $6::date[])
       AS told (event_id, known_on, known_at, cvr, member, changed_on)
    ON CONFLICT (event_id) DO NOTHING
"""

INSERT_PLEDGE_FACTS = """
INSERT INTO pledge_fact (event_id, known_on, known_at, pledge, cvr, places, kind, first_day,
                         last_day, withdrawn_on)
SELECT event_id, known_on, known_at, pledge, cvr, places, kind, first_day,
       last_day, withdrawn_on
  FROM unnest($1::text[], $2::date[], $3::timestamptz[], $4::text[], $5::text[], $6::int[],
              $7::text[], $8::date[], $9::date[], $10::date[])
       AS told (event_id, known_on, known_at, pledge, cvr, places, kind, first_day,
                last_day, withdrawn_on)
    ON CONFLICT (event_id) DO NOTHING
"""

INSERT_PLACEMENT_FACTS = """
INSERT INTO placement_fact (event_id, known_on, known_at, fact, placement, person, employer, kind,
                            started_on, last_day, reason)
SELECT event_id, known_on, known_at, fact, placement, person, employer, kind,
       started_on, last_day, reason
  FROM unnest($1::text[], $2::date[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::date[], $10::date[], $11::text[])
       AS told (event_id, known_on, known_at, fact, placement, person, employer, kind,
                started_on, last_day, reason)
    ON CONFLICT (event_id) DO NOTHING
"""

INSERT_ASSESSMENT_FACTS = """
INSERT INTO assessment_fact (event_id, known_on, known_at, bonus_case, scheme, milestone, status,
                             amount_ore, due_on)
SELECT event_id, known_on, known_at, bonus_case, scheme, milestone, status,
       amount_ore, due_on
  FROM unnest($1::text[], $2::date[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::bigint[], $9::date[])
       WITH ORDINALITY
       AS told (event_id, known_on, known_at, bonus_case, scheme, milestone, status,
                amount_ore, due_on, place)
 ORDER BY place
    ON CONFLICT (event_id) DO NOTHING
"""

INSERT_NOTICE_FACTS = """
INSERT INTO notice_fact (event_id, known_on, known_at, template, sent_on)
SELECT event_id, known_on, known_at, template, sent_on
  FROM unnest($1::text[], $2::date[], $3::timestamptz[], $4::text[], $5::date[])
       AS told (event_id, known_on, known_at, template, sent_on)
    ON CONFLICT (event_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something told by one event; fields stand in the order of the statement's parameters."""

    event_id: str
    known_on: date
    known_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipFact(Fact):
    """A company became a member, or is one no longer, from a day on."""

    cvr: str
    member: bool
    changed_on: date


@dataclass(frozen=True, slots=True)
class PledgeFact(Fact):
    """Places were pledged, or a pledge was withdrawn from a day on."""

    pledge: str
    cvr: str
    places: int | None = None
    kind: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class PlacementFact(Fact):
    """What was told about a placement; `fact` is the event's name."""

    fact: str
    placement: str
    person: str
    employer: str | None = None
    kind: str | None = None
    started_on: date | None = None
    last_day: date | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AssessmentFact(Fact):
    """What an instalment came to."""

    bonus_case: str
    scheme: str
    milestone: str
    status: str
    amount_ore: int
    due_on: date


@dataclass(frozen=True, slots=True)
class NoticeFact(Fact):
    """A mail was sent."""

    template: str
    sent_on: date


async def insert_membership_facts(connection: Connection, facts: Sequence[MembershipFact]) -> None:
    """Keep the facts that aren't kept yet."""
    await connection.execute(INSERT_MEMBERSHIP_FACTS, *_columns(MembershipFact, facts))


async def insert_pledge_facts(connection: Connection, facts: Sequence[PledgeFact]) -> None:
    """Keep the facts that aren't kept yet."""
    await connection.execute(INSERT_PLEDGE_FACTS, *_columns(PledgeFact, facts))


async def insert_placement_facts(connection: Connection, facts: Sequence[PlacementFact]) -> None:
    """Keep the facts that aren't kept yet."""
    await connection.execute(INSERT_PLACEMENT_FACTS, *_columns(PlacementFact, facts))


async def insert_assessment_facts(connection: Connection, facts: Sequence[AssessmentFact]) -> None:
    """Keep the facts that aren't kept yet."""
    await connection.execute(INSERT_ASSESSMENT_FACTS, *_columns(AssessmentFact, facts))


async def insert_notice_facts(connection: Connection, facts: Sequence[NoticeFact]) -> None:
    """Keep the facts that aren't kept yet."""
    await connection.execute(INSERT_NOTICE_FACTS, *_columns(NoticeFact, facts))


def _columns(kind: type[Fact], facts: Sequence[Fact]) -> list[list[object]]:
    """The facts turned on their side: one array per field, also when there are no facts."""
    rows = [astuple(fact) for fact in facts]
    return [[row[place] for row in rows] for place in range(len(fields(kind)))]
