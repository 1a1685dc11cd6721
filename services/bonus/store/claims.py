"""Repayment claims as they stand, and what caseworkers decided on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from services.bonus.domain.payouts import Claim, ClaimState
from services.bonus.domain.repayments import Decision
from shared.database import Connection, Row

LIST_CLAIMS = """
SELECT claim_id, instalment_id, person, number, state, amount_ore, recovered_ore, waived_ore,
       reason, raised_on, barred_after
  FROM repayment_claim
 WHERE instalment_id = ANY($1::uuid[])
 ORDER BY instalment_id, number
"""

FIND_CLAIM = """
SELECT claim_id, instalment_id, person, number, state, amount_ore, recovered_ore, waived_ore,
       reason, raised_on, barred_after
  FROM repayment_claim
 WHERE claim_id = $1
"""

SAVE_CLAIMS = """
INSERT INTO repayment_claim (claim_id, instalment_id, person, number, state, amount_ore,
                             recovered_ore, waived_ore, reason, raised_on, barred_after, changed_at)
SELECT told.claim_id, told.instalment_id, told.person, told.number, told.state, told.amount_ore,
       told.recovered_ore, told.waived_ore, told.reason, told.raised_on, told.barred_after, $12
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::bigint[],
              $7::bigint[], $8::bigint[], $9::text[], $10::date[], $11::date[])
       AS told (claim_id, instalment_id, person, number, state, amount_ore, recovered_ore,
                waived_ore, reason, raised_on, barred_after)
    ON CONFLICT (claim_id) DO UPDATE
   SET state         = excluded.state,
       amount_ore    = excluded.amount_ore,
       recovered_ore = excluded.recovered_ore,
       waived_ore    = excluded.waived_ore,
       reason        = excluded.reason,
       raised_on     = excluded.raised_on,
       barred_after  = excluded.barred_after,
       changed_at    = excluded.changed_at
"""

INSERT_DECISION = """
INSERT INTO claim_decision (decision_id, claim_id, outcome, amount_ore, bad_faith, reason,
                            decided_by, decided_on, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A claim, whose it is, why, since when, and until when it can be made good."""

    claim: Claim
    person: str
    reason: str
    raised_on: date
    barred_after: date


async def list_claims(
    connection: Connection, instalments: Iterable[str]
) -> Mapping[str, list[StoredClaim]]:
    """The claims of the instalments, in the order they were raised."""
    found: dict[str, list[StoredClaim]] = defaultdict(list)
    for row in await connection.fetch(LIST_CLAIMS, list(instalments)):
        stored = _stored(row)
        found[stored.claim.instalment_id].append(stored)
    return found


async def find_claim(connection: Connection, claim_id: str) -> StoredClaim | None:
    """The claim with this id."""
    row = await connection.fetchrow(FIND_CLAIM, claim_id)
    return _stored(row) if row is not None else None


async def save_claims(
    connection: Connection, claims: Sequence[StoredClaim], *, changed_at: datetime
) -> None:
    """Store the claims as they are now; a second live one of an instalment is refused."""
    if not claims:
        return
    await connection.execute(
        SAVE_CLAIMS,
        [each.claim.claim_id for each in claims],
        [each.claim.instalment_id for each in claims],
        [each.person for each in claims],
        [each.claim.number for each in claims],
        [each.claim.state for each in claims],
        [each.claim.amount_ore for each in claims],
        [each.claim.recovered_ore for each in claims],
        [each.claim.waived_ore for each in claims],
        [each.reason for each in claims],
        [each.raised_on for each in claims],
        [each.barred_after for each in claims],
        changed_at,
    )


async def insert_decision(
    connection: Connection,
    claim_id: str,
    decision: Decision,
    *,
    reason: str,
    decided_by: str,
    decided_on: date,
    decided_at: datetime,
) -> None:
    """Keep what was decided, why and by whom."""
    await connection.execute(
        INSERT_DECISION,
        str(uuid4()),
        claim_id,
        decision.outcome,
        decision.amount_ore,
        decision.bad_faith,
        reason,
        decided_by,
        decided_on,
        decided_at,
    )


def _stored(row: Row) -> StoredClaim:
    claim = Claim(
        claim_id=str(row["claim_id"]),
        instalment_id=str(row["instalment_id"]),
        number=row["number"],
        amount_ore=row["amount_ore"],
        state=ClaimState(row["state"]),
        recovered_ore=row["recovered_ore"],
        waived_ore=row["waived_ore"],
    )
    return StoredClaim(
        claim, str(row["person"]), row["reason"], row["raised_on"], row["barred_after"]
    )
