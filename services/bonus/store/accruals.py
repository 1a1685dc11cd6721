"""Which instalments have a month to be accrued, and what of them is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.bonus.store.cases import StoredInstalment
from services.bonus.store.facts import LockedPerson
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
    rows = await connection.fetch(LOCK_PERSONS_TO_ACCRUE, month_end, after, limit)
    return [LockedPerson(str(row["person"]), row["assessed_on"]) for row in rows]


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
