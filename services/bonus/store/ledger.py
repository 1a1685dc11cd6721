"""The ledger: entries of balanced postings in øre, appended and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from shared.database import Connection

INSERT_ENTRIES = """
INSERT INTO ledger_entry (entry_id, instalment_id, kind, effective_on, entered_at)
SELECT told.entry_id, told.instalment_id, told.kind, told.effective_on, $5
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[])
       AS told (entry_id, instalment_id, kind, effective_on)
"""

# Both postings of an entry in one statement: the trigger that checks the balance runs after it.
INSERT_POSTINGS = """
INSERT INTO ledger_posting (entry_id, line, account, amount_ore)
SELECT told.entry_id, posting.line, posting.account, posting.sign * told.amount_ore
  FROM unnest($1::uuid[], $2::bigint[]) AS told (entry_id, amount_ore)
 CROSS JOIN (VALUES (1, 'bonus_expense', 1), (2, 'bonus_payable', -1))
       AS posting (line, account, sign)
"""


@dataclass(frozen=True, slots=True)
class EntitlementChange:
    """A right to be paid that grew (positive) or shrank (negative), in øre; never zero."""

    instalment_id: str
    amount_ore: int
    effective_on: date
    """The milestone: the day the expense belongs to."""


async def insert_entitlement_changes(
    connection: Connection, changes: Sequence[EntitlementChange], *, entered_at: datetime
) -> None:
    """Post each change as one balanced entry: expense against what is payable."""
    if not changes:
        return
    entries = [str(uuid4()) for _ in changes]
    await connection.execute(
        INSERT_ENTRIES,
        entries,
        [change.instalment_id for change in changes],
        [_kind(change) for change in changes],
        [change.effective_on for change in changes],
        entered_at,
    )
    await connection.execute(INSERT_POSTINGS, entries, [change.amount_ore for change in changes])


def _kind(change: EntitlementChange) -> str:
    assert change.amount_ore != 0, "a change of nothing is not posted"
    return "entitlement_decided" if change.amount_ore > 0 else "entitlement_lowered"
