"""What caseworkers decided on reviews, and noted on flags: why, and who."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from shared.database import Connection

FIND_PERSON_OF_INSTALMENT = "SELECT person FROM instalment WHERE instalment_id = $1"

INSERT_DECISION = """
INSERT INTO review_decision (fact_id, instalment_id, review, outcome, reason, decided_by,
                             decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

INSERT_NOTE = """
INSERT INTO flag_note (note_id, person, flag, reason, noted_by, noted_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""

HAS_FLAG = "SELECT EXISTS (SELECT 1 FROM person WHERE person = $1 AND $2 = ANY(flags))"


async def find_person(connection: Connection, instalment_id: str) -> str | None:
    """Whose instalment this is."""
    person = await connection.fetchval(FIND_PERSON_OF_INSTALMENT, instalment_id)
    return None if person is None else str(person)


async def insert_decision(
    connection: Connection,
    fact_id: str,
    *,
    instalment_id: str,
    review: str,
    outcome: str,
    reason: str,
    decided_by: str,
    decided_at: datetime,
) -> None:
    """Keep why and by whom a review was decided; the decision itself is a fact."""
    await connection.execute(
        INSERT_DECISION, fact_id, instalment_id, review, outcome, reason, decided_by, decided_at
    )


async def has_flag(connection: Connection, person: str, flag: str) -> bool:
    """Whether the last assessment of the person raised the flag."""
    return bool(await connection.fetchval(HAS_FLAG, person, flag))


async def insert_note(
    connection: Connection,
    person: str,
    flag: str,
    *,
    reason: str,
    noted_by: str,
    noted_at: datetime,
) -> None:
    """Keep that somebody has looked into a flag."""
    await connection.execute(INSERT_NOTE, str(uuid4()), person, flag, reason, noted_by, noted_at)
