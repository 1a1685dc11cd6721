"""Orders to finance: what was asked for, what was answered, and who let one be ordered again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from services.bonus.domain.payouts import Payout
from services.bonus.domain.settlements import Answer, Remark
from shared.database import Connection, Row

LIST_PERSONS_PAID = """
SELECT payout.payout_id, payout.person, payout.instalment_id, payout.placement, instalment.milestone
  FROM payout
  JOIN instalment USING (instalment_id)
 WHERE payout.payout_id = ANY($1::uuid[])
"""

LIST_PAYOUTS = """
SELECT payout_id, instalment_id, number, amount_ore, settled_ore, returned_ore, recovered_ore,
       rejected, released, ordered_on
  FROM payout
 WHERE instalment_id = ANY($1::uuid[])
 ORDER BY instalment_id, number
"""

INSERT_PAYOUTS = """
INSERT INTO payout (payout_id, instalment_id, person, number, placement, amount_ore, ordered_on,
                    ordered_at)
SELECT told.payout_id, told.instalment_id, told.person, told.number, told.placement,
       told.amount_ore, $7, $8
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::bigint[])
       AS told (payout_id, instalment_id, person, number, placement, amount_ore)
"""

SAVE_SUMS = """
UPDATE payout
   SET settled_ore   = told.settled_ore,
       returned_ore  = told.returned_ore,
       recovered_ore = told.recovered_ore,
       rejected      = told.rejected,
       released      = told.released
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::boolean[])
       AS told (payout_id, settled_ore, returned_ore, recovered_ore, rejected, released)
 WHERE payout.payout_id = told.payout_id
"""

INSERT_ANSWERS = """
INSERT INTO payout_answer (event_id, payout_id, kind, amount_ore, happened_on, reason, remark,
                           told_at, heard_at)
SELECT told.event_id, told.payout_id, told.kind, told.amount_ore, told.happened_on, told.reason,
       told.remark, told.told_at, $9
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::date[], $6::text[],
              $7::text[], $8::timestamptz[])
       AS told (event_id, payout_id, kind, amount_ore, happened_on, reason, remark, told_at)
"""

INSERT_RELEASE = """
INSERT INTO payout_release (release_id, payout_id, reason, released_by, released_at)
VALUES ($1, $2, $3, $4, $5)
"""

LIST_LAST_PAID = """
SELECT payout.instalment_id, max(answer.happened_on) AS paid_on
  FROM payout
  JOIN payout_answer AS answer USING (payout_id)
 WHERE payout.instalment_id = ANY($1::uuid[])
   AND answer.kind = 'settled'
 GROUP BY payout.instalment_id
"""


@dataclass(frozen=True, slots=True)
class PayoutOwner:
    """Whose a payout is; none of it ever changes."""

    payout_id: str
    person: str
    instalment_id: str
    placement: str
    milestone: str


@dataclass(frozen=True, slots=True)
class NewPayout:
    """An order to be kept."""

    payout: Payout
    person: str
    placement: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One of finance's answers, as told, and how it fitted."""

    event_id: str
    payout_id: str
    answer: Answer
    reason: str | None
    remark: Remark
    told_at: datetime


async def list_owners(
    connection: Connection, payout_ids: Iterable[str]
) -> Mapping[str, PayoutOwner]:
    """Whose these payouts are, by id; unknown ones are left out."""
    rows = await connection.fetch(LIST_PERSONS_PAID, sorted(set(payout_ids)))
    found = [
        PayoutOwner(
            payout_id=str(row["payout_id"]),
            person=str(row["person"]),
            instalment_id=str(row["instalment_id"]),
            placement=row["placement"],
            milestone=row["milestone"],
        )
        for row in rows
    ]
    return {each.payout_id: each for each in found}


async def list_payouts(
    connection: Connection, instalments: Iterable[str]
) -> Mapping[str, list[tuple[Payout, date]]]:
    """The payouts of the instalments in the order they were ordered, each with its day."""
    found: dict[str, list[tuple[Payout, date]]] = defaultdict(list)
    for row in await connection.fetch(LIST_PAYOUTS, list(instalments)):
        payout = _payout(row)
        found[payout.instalment_id].append((payout, row["ordered_on"]))
    return found


async def insert_payouts(
    connection: Connection,
    ordered: Sequence[NewPayout],
    *,
    ordered_on: date,
    ordered_at: datetime,
) -> None:
    """Keep new orders; a second one beside an unanswered one is refused by the database."""
    if not ordered:
        return
    await connection.execute(
        INSERT_PAYOUTS,
        [each.payout.payout_id for each in ordered],
        [each.payout.instalment_id for each in ordered],
        [each.person for each in ordered],
        [each.payout.number for each in ordered],
        [each.placement for each in ordered],
        [each.payout.amount_ore for each in ordered],
        ordered_on,
        ordered_at,
    )


async def save_sums(connection: Connection, payouts: Sequence[Payout]) -> None:
    """Save what was answered to these orders so far."""
    await connection.execute(
        SAVE_SUMS,
        [each.payout_id for each in payouts],
        [each.settled_ore for each in payouts],
        [each.returned_ore for each in payouts],
        [each.recovered_ore for each in payouts],
        [each.rejected for each in payouts],
        [each.released for each in payouts],
    )


async def insert_answers(
    connection: Connection, answers: Sequence[StoredAnswer], *, heard_at: datetime
) -> None:
    """Keep the answers as they were told."""
    await connection.execute(
        INSERT_ANSWERS,
        [each.event_id for each in answers],
        [each.payout_id for each in answers],
        [each.answer.kind for each in answers],
        [each.answer.amount_ore for each in answers],
        [each.answer.happened_on for each in answers],
        [each.reason for each in answers],
        [each.remark for each in answers],
        [each.told_at for each in answers],
        heard_at,
    )


async def insert_release(
    connection: Connection, payout_id: str, *, reason: str, released_by: str, released_at: datetime
) -> None:
    """Keep who let the payout's instalment be ordered again, and why."""
    await connection.execute(
        INSERT_RELEASE, str(uuid4()), payout_id, reason, released_by, released_at
    )


async def list_last_paid(connection: Connection, instalments: Iterable[str]) -> dict[str, date]:
    """The last day on which money went out for each of the instalments."""
    rows = await connection.fetch(LIST_LAST_PAID, list(instalments))
    return {str(row["instalment_id"]): row["paid_on"] for row in rows}


def _payout(row: Row) -> Payout:
    return Payout(
        payout_id=str(row["payout_id"]),
        instalment_id=str(row["instalment_id"]),
        number=row["number"],
        amount_ore=row["amount_ore"],
        settled_ore=row["settled_ore"],
        returned_ore=row["returned_ore"],
        recovered_ore=row["recovered_ore"],
        rejected=row["rejected"],
        released=row["released"],
    )
