"""Bonus cases and their instalments: what the facts come to, as last assessed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import uuid4

from services.bonus.domain.accrual import Accrued
from services.bonus.domain.assessment import Missing, Reason, Status
from services.bonus.domain.differences import Line, LineKey, line_object
from shared.database import Connection, Row

CASES_LISTED_MAX = 1_000

INSERT_CASES = """
INSERT INTO bonus_case (case_id, person, employer, scheme, opened_at)
SELECT told.case_id, told.person, told.employer, told.scheme, $5
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
       AS told (case_id, person, employer, scheme)
    ON CONFLICT (person, employer, scheme) DO NOTHING
"""

LIST_CASES_OF_PERSONS = """
SELECT case_id, person, employer, scheme
  FROM bonus_case
 WHERE person = ANY($1::uuid[])
"""

LIST_INSTALMENTS_OF_PERSONS = """
SELECT instalment_id, case_id, person, employer, scheme, milestone,
       due_on, amount_ore, status, reason, missing, rule, law, starts_on,
       accrued_ore, accrued_through, accruals
  FROM instalment
 WHERE person = ANY($1::uuid[])
"""

# Arrays differ in length, so what is missing travels as JSON.
SAVE_INSTALMENTS = """
INSERT INTO instalment (instalment_id, case_id, person, employer, scheme, milestone, due_on,
                        amount_ore, status, reason, missing, rule, law, starts_on,
                        accrued_ore, accrued_through, accruals, assessed_at)
SELECT told.instalment_id, told.case_id, told.person, told.employer, told.scheme, told.milestone,
       told.due_on, told.amount_ore, told.status, told.reason,
       ARRAY(SELECT jsonb_array_elements_text(told.missing)), told.rule, told.law, told.starts_on,
       told.accrued_ore, told.accrued_through, told.accruals, $2
  FROM jsonb_to_recordset($1::jsonb)
       AS told (instalment_id uuid, case_id uuid, person uuid, employer text, scheme text,
                milestone text, due_on date, amount_ore bigint, status text, reason text,
                missing jsonb, rule text, law text, starts_on date,
                accrued_ore bigint, accrued_through date, accruals integer)
    ON CONFLICT (case_id, milestone) DO UPDATE
   SET due_on          = excluded.due_on,
       amount_ore      = excluded.amount_ore,
       status          = excluded.status,
       reason          = excluded.reason,
       missing         = excluded.missing,
       rule            = excluded.rule,
       law             = excluded.law,
       starts_on       = excluded.starts_on,
       accrued_ore     = excluded.accrued_ore,
       accrued_through = excluded.accrued_through,
       accruals        = excluded.accruals,
       assessed_at     = excluded.assessed_at
"""

# What was ordered, paid and claimed of each instalment, as far as anything was.
LIST_SUMS = """
SELECT instalment.instalment_id,
       sum(payout.amount_ore)::bigint AS ordered_ore,
       sum(payout.settled_ore - payout.returned_ore - payout.recovered_ore)::bigint AS paid_ore,
       (SELECT coalesce(sum(greatest(claim.amount_ore - claim.recovered_ore, 0)), 0)::bigint
          FROM repayment_claim AS claim
         WHERE claim.instalment_id = instalment.instalment_id
           AND claim.state IN ('proposed', 'upheld')) AS claimed_ore
  FROM instalment
  JOIN payout USING (instalment_id)
 WHERE instalment.person = ANY($1::uuid[])
 GROUP BY instalment.instalment_id
"""

FIND_CASE = """
SELECT case_id, person, employer, scheme
  FROM bonus_case
 WHERE case_id = $1
"""

LIST_CASES = """
SELECT bonus_case.case_id, bonus_case.person, bonus_case.employer, bonus_case.scheme
  FROM bonus_case
 WHERE ($1::text IS NULL OR bonus_case.employer = $1)
   AND ($2::uuid IS NULL OR bonus_case.person = $2)
   AND ($3::text IS NULL OR bonus_case.person IN (SELECT person
                                                    FROM placement
                                                   WHERE placement = $3))
   AND ($4::text IS NULL OR EXISTS (SELECT 1
                                      FROM placement
                                     WHERE placement.person = bonus_case.person
                                       AND placement.placement LIKE $4 || '/%'))
 ORDER BY bonus_case.employer, bonus_case.case_id
 LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class BonusCase:
    """One person at one employer in one scheme."""

    case_id: str
    person: str
    employer: str
    scheme: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What of an instalment was ever ordered, is with the company, and is claimed back; in øre."""

    ordered_ore: int = 0
    paid_ore: int = 0
    claimed_ore: int = 0


@dataclass(frozen=True, slots=True)
class StoredInstalment:
    """One instalment of one case, as last assessed."""

    instalment_id: str
    case: BonusCase
    milestone: str
    line: Line
    accrued: Accrued = field(default_factory=Accrued)
    """What of it is posted on the memorandum's accounts."""

    @property
    def key(self) -> LineKey:
        """What makes it the same instalment, for one person."""
        return LineKey(self.case.employer, self.case.scheme, self.milestone)


async def ensure_cases(
    connection: Connection, wanted: Iterable[tuple[str, str, str]], *, opened_at: datetime
) -> dict[tuple[str, str, str], BonusCase]:
    """Cases of the persons of these (person, employer, scheme), opened where missing.

    The caller holds the persons' locks.
    """
    keys = sorted(set(wanted))
    if keys:
        await connection.execute(
            INSERT_CASES,
            [str(uuid4()) for _ in keys],
            [person for person, _, _ in keys],
            [employer for _, employer, _ in keys],
            [scheme for _, _, scheme in keys],
            opened_at,
        )
    cases = await list_cases_of(connection, {person for person, _, _ in keys})
    return {(case.person, case.employer, case.scheme): case for case in cases}


async def list_cases_of(connection: Connection, persons: Iterable[str]) -> list[BonusCase]:
    """The cases of the persons, in no particular order."""
    return [_case(row) for row in await connection.fetch(LIST_CASES_OF_PERSONS, sorted(persons))]


async def list_instalments(
    connection: Connection, persons: Sequence[str]
) -> Mapping[str, list[StoredInstalment]]:
    """Every instalment of the persons, by person."""
    found: dict[str, list[StoredInstalment]] = defaultdict(list)
    for row in await connection.fetch(LIST_INSTALMENTS_OF_PERSONS, list(persons)):
        instalment = StoredInstalment(
            str(row["instalment_id"]),
            _case(row),
            row["milestone"],
            _line(row),
            Accrued(row["accrued_ore"], row["accrued_through"], row["accruals"]),
        )
        found[instalment.case.person].append(instalment)
    return found


async def list_instalments_of(connection: Connection, case: BonusCase) -> list[StoredInstalment]:
    """Every instalment of the case."""
    stored = await list_instalments(connection, [case.person])
    return [each for each in stored.get(case.person, ()) if each.case == case]


async def get_instalment(
    connection: Connection, person: str, instalment_id: str
) -> StoredInstalment:
    """The instalment of the person with this id, which there is."""
    own = (await list_instalments(connection, [person]))[person]
    return next(each for each in own if each.instalment_id == instalment_id)


async def list_sums(connection: Connection, persons: Sequence[str]) -> dict[str, Sums]:
    """What was ordered, paid and claimed, by instalment; those without any are left out."""
    rows = await connection.fetch(LIST_SUMS, list(persons))
    return {
        str(row["instalment_id"]): Sums(row["ordered_ore"], row["paid_ore"], row["claimed_ore"])
        for row in rows
    }


async def save_instalments(
    connection: Connection, instalments: Sequence[StoredInstalment], *, assessed_at: datetime
) -> None:
    """Store the instalments as they are now.

    Those that give a right up are written before those that take one, because a unique index
    decides who may hold it.
    """
    giving_up = [each for each in instalments if each.line.status is not Status.DUE]
    taking = [each for each in instalments if each.line.status is Status.DUE]
    for group in (giving_up, taking):
        if group:
            told = [_as_record(each) for each in group]
            await connection.execute(SAVE_INSTALMENTS, told, assessed_at)


async def find_case(connection: Connection, case_id: str) -> BonusCase | None:
    """The case with this id."""
    row = await connection.fetchrow(FIND_CASE, case_id)
    return _case(row) if row is not None else None


async def list_cases(
    connection: Connection,
    *,
    employer: str | None,
    person: str | None,
    placement: str | None,
    sender: str | None,
) -> tuple[list[BonusCase], bool]:
    """At most CASES_LISTED_MAX cases, and whether there are more; a filter that is None lets
    everything through.

    `sender` keeps cases of persons with a placement reported by that sender.
    """
    limit = CASES_LISTED_MAX + 1
    rows = await connection.fetch(LIST_CASES, employer, person, placement, sender, limit)
    return [_case(row) for row in rows[:CASES_LISTED_MAX]], len(rows) > CASES_LISTED_MAX


def _case(row: Row) -> BonusCase:
    return BonusCase(str(row["case_id"]), str(row["person"]), row["employer"], row["scheme"])


def _line(row: Row) -> Line:
    return Line(
        due_on=row["due_on"],
        amount_ore=row["amount_ore"],
        status=Status(row["status"]),
        reason=Reason(row["reason"]) if row["reason"] is not None else None,
        missing=tuple(Missing(code) for code in row["missing"]),
        rule=row["rule"],
        law=row["law"],
        start=row["starts_on"],
    )


def _as_record(instalment: StoredInstalment) -> dict[str, object]:
    line = instalment.line
    return {
        "instalment_id": instalment.instalment_id,
        "case_id": instalment.case.case_id,
        "person": instalment.case.person,
        "employer": instalment.case.employer,
        "scheme": instalment.case.scheme,
        "milestone": instalment.milestone,
        **line_object(line),
        "starts_on": _text(line.start),
        "accrued_ore": instalment.accrued.amount_ore,
        "accrued_through": _text(instalment.accrued.through),
        "accruals": instalment.accrued.entries,
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
