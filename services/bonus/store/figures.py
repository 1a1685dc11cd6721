"""What all instalments come to on a day, as known on a day: their versions, and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.bonus.store.cases import StoredInstalment
from shared.database import Connection

INSERT_VERSIONS = """
INSERT INTO instalment_version (instalment_id, known_on, due_on, amount_ore, status)
SELECT told.instalment_id, $5, told.due_on, told.amount_ore, told.status
  FROM unnest($1::uuid[], $2::date[], $3::bigint[], $4::text[])
       AS told (instalment_id, due_on, amount_ore, status)
"""

# The last version of each instalment that was known by then; what was refused is no figure.
COUNT_STATES = """
WITH latest AS (
    SELECT DISTINCT ON (instalment_id) due_on, amount_ore, status
      FROM instalment_version
     WHERE known_on <= $2
     ORDER BY instalment_id, version DESC
)
SELECT CASE WHEN status = 'REVIEW' THEN 'under_review'
            WHEN due_on > $1 THEN 'forecast'
            WHEN status = 'DUE' THEN 'decided'
            ELSE 'undecided'
       END AS state,
       to_char(due_on, 'YYYY-MM') AS due_month,
       count(*) AS instalments, sum(amount_ore)::bigint AS amount_ore
  FROM latest
 WHERE status <> 'REFUSED'
 GROUP BY state, due_month
 ORDER BY state, due_month
"""

SUM_ACCOUNTS = """
SELECT coalesce(sum(posting.amount_ore) FILTER (WHERE posting.account = 'bonus_expense'),
                0)::bigint AS expense_ore,
       coalesce(sum(posting.amount_ore) FILTER (WHERE posting.account = 'bonus_accrued'),
                0)::bigint AS accrued_ore
  FROM ledger_entry AS entry
  JOIN ledger_posting AS posting USING (entry_id)
 WHERE entry.effective_on <= $1
   AND (entry.entered_at AT TIME ZONE 'Europe/Copenhagen')::date <= $2
   AND posting.account IN ('bonus_expense', 'bonus_accrued')
"""


@dataclass(frozen=True, slots=True)
class StateSum:
    """Number and øre of the instalments of one state with a milestone in one month."""

    state: str
    """`decided`, `undecided`, `forecast` or `under_review`."""
    due_month: str
    instalments: int
    amount_ore: int


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """What the ledger holds, in øre."""

    expense_ore: int
    accrued_ore: int


async def insert_versions(
    connection: Connection, instalments: Sequence[StoredInstalment], *, known_on: date
) -> None:
    """Keep the instalments as they are now, beside all they ever were."""
    if not instalments:
        return
    await connection.execute(
        INSERT_VERSIONS,
        [each.instalment_id for each in instalments],
        [each.line.due_on for each in instalments],
        [each.line.amount_ore for each in instalments],
        [each.line.status for each in instalments],
        known_on,
    )


async def count_states(connection: Connection, *, on: date, known_on: date) -> list[StateSum]:
    """The instalments as known on a day, by what they are on another, and by milestone's month."""
    rows = await connection.fetch(COUNT_STATES, on, known_on)
    return [StateSum(**row) for row in rows]


async def sum_accounts(connection: Connection, *, on: date, known_on: date) -> LedgerSums:
    """Expense and accrual of entries that belong to a day by then and were entered by another."""
    row = await connection.fetchrow(SUM_ACCOUNTS, on, known_on)
    assert row is not None, "an aggregate always has one row"
    return LedgerSums(**row)
