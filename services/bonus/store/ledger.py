"""The ledger: entries of balanced postings in øre, appended and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from services.bonus.domain.postings import Entry
from shared.database import Connection

# In the order they were made: positions tell later readers what came first.
INSERT_ENTRIES = """
INSERT INTO ledger_entry (entry_id, instalment_id, kind, effective_on, about, sequence,
                          entered_at)
SELECT told.entry_id, told.instalment_id, told.kind, told.effective_on, told.about, told.sequence,
       $7
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::uuid[], $6::integer[])
       WITH ORDINALITY
       AS told (entry_id, instalment_id, kind, effective_on, about, sequence, place)
 ORDER BY told.place
"""

# All postings of an entry in one statement: the trigger that checks the balance runs after it.
INSERT_POSTINGS = """
INSERT INTO ledger_posting (entry_id, line, account, amount_ore)
SELECT told.entry_id, told.line, told.account, told.amount_ore
  FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::bigint[])
       AS told (entry_id, line, account, amount_ore)
"""


async def insert_entries(
    connection: Connection, entries: Sequence[Entry], *, entered_at: datetime
) -> None:
    """Append the entries, in this order, each with its postings."""
    if not entries:
        return
    ids = [str(uuid4()) for _ in entries]
    await connection.execute(
        INSERT_ENTRIES,
        ids,
        [each.instalment_id for each in entries],
        [each.kind for each in entries],
        [each.effective_on for each in entries],
        [each.about for each in entries],
        [each.sequence for each in entries],
        entered_at,
    )
    postings = [
        (entry_id, line, account, amount_ore)
        for entry_id, each in zip(ids, entries, strict=True)
        for line, (account, amount_ore) in enumerate(each.postings, start=1)
    ]
    await connection.execute(INSERT_POSTINGS, *map(list, zip(*postings, strict=True)))
