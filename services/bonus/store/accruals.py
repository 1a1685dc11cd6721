"""Which instalments have a month to be accrued, and what of them is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from services.bonus.store.cases import StoredInstalment
from services.bonus.store.facts import LockedPerson, locked_persons
from shared.database import Connection

LOCK_PERSONS_TO_ACCRUE = """
SELECT person, assessed_on
  FROM person
 WHERE person IN (SELECT person
                    FROM instalment
                   WHERE status = 'PENDING'
                     AND accrued_through < $1
                     AND person > $2
                   GROUP BY person
                   ORDER BY person
                   LIMIT $3)
 ORDER BY person
   FOR UPDATE
"""

LIST_POSTED_LATER = """
SELECT entry.instalment_id, entry.effective_on, sum(posting.amount_ore)::bigint AS amount_ore
  FROM unnest($1::uuid[], $2::date[]) AS told (instalment_id, due_on)
  JOIN ledger_entry AS entry
    ON entry.instalment_id = told.instalment_id
   AND entry.effective_on > told.due_on
   AND entry.sequence IS NOT NULL
  JOIN ledger_posting AS posting USING (entry_id)
 WHERE posting.account = 'bonus_accrued'
 GROUP BY entry.instalment_id, entry.effective_on
"""

SAVE_ACCRUALS = """
UPDATE instalment
   SET accrued_ore     = told.accrued_ore,
       accrued_through = told.accrued_through,
       accruals        = told.accruals
  FROM unnest($1::uuid[], $2::bigint[], $3::date[], $4::integer[])
       AS told (instalment_id, accrued_ore, accrued_through, accruals)
 WHERE instalment.instalment_id = told.instalment_id
"""


async def lock_persons_to_accrue(
    connection: Connection, month_end: date, *, after: str, limit: int
) -> list[LockedPerson]:
    """Hold the rows of the next persons with an instalment ahead that isn't accrued to this day."""
    return locked_persons(await connection.fetch(LOCK_PERSONS_TO_ACCRUE, month_end, after, limit))


async def list_posted_later(
    connection: Connection, due_days: Mapping[str, date]
) -> Mapping[str, list[tuple[date, int]]]:
    """Days after each instalment's milestone, with the øre of accruals posted for them."""
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    if not due_days:
        return found
    rows = await connection.fetch(LIST_POSTED_LATER, list(due_days), list(due_days.values()))
    for row in rows:
        found[str(row["instalment_id"])].append((row["effective_on"], row["amount_ore"]))
    return found


async def save_accruals(connection: Connection, instalments: Sequence[StoredInstalment]) -> None:
    """Store what is accrued of the instalments now, and nothing else of them."""
    if not instalments:
        return
    await connection.execute(
        SAVE_ACCRUALS,
        [each.instalment_id for each in instalments],
        [each.accrued.amount_ore for each in instalments],
        [each.accrued.through for each in instalments],
        [each.accrued.entries for each in instalments],
    )
