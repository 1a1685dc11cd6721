"""Facts, persons and placements: what was told, whose it is, and the locks around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic_core import to_json

from shared.database import Connection, Row

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""A reference that no person has; it comes before every person's."""

# JSON travels as text: value by value through the codec of jsonb costs four times as much.
INSERT_FACTS = """
INSERT INTO fact (fact_id, name, person, employer, content, recorded_at)
SELECT told.fact_id, told.name, told.person, told.employer, told.content::jsonb, told.recorded_at
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
       AS told (fact_id, name, person, employer, content, recorded_at)
    ON CONFLICT (fact_id) DO NOTHING
"""

INSERT_PERSONS = """
INSERT INTO person (person)
SELECT told.person
  FROM unnest($1::uuid[]) AS told (person)
 ORDER BY told.person
    ON CONFLICT (person) DO NOTHING
"""

LOCK_PERSONS = """
SELECT person, assessed_on
  FROM person
 WHERE person = ANY($1::uuid[])
 ORDER BY person
   FOR UPDATE
"""

# The inner query is the index's work; the outer one takes the locks in the order all take them in.
LOCK_PERSONS_TO_LOOK_AT = """
SELECT person, assessed_on
  FROM person
 WHERE person IN (SELECT person
                    FROM person
                   WHERE next_look_on <= $1
                   ORDER BY next_look_on, person
                   LIMIT $2)
 ORDER BY person
   FOR UPDATE
"""

COUNT_PERSONS = "SELECT count(*) FROM person"

SAVE_LOOKS = """
UPDATE person
   SET assessed_on  = $2,
       next_look_on = look.next_look_on,
       flags        = string_to_array(look.flags, ',')
  FROM unnest($1::uuid[], $3::date[], $4::text[]) AS look (person, next_look_on, flags)
 WHERE person.person = look.person
"""

INSERT_EMPLOYERS = """
INSERT INTO employer (employer)
SELECT told.employer
  FROM unnest($1::text[]) AS told (employer)
 ORDER BY told.employer
    ON CONFLICT (employer) DO NOTHING
"""

SHARE_EMPLOYERS = """
SELECT employer FROM employer WHERE employer = ANY($1::text[]) ORDER BY employer FOR SHARE
"""

LOCK_EMPLOYERS = """
SELECT employer FROM employer WHERE employer = ANY($1::text[]) ORDER BY employer FOR UPDATE
"""

SAVE_PLACEMENTS = """
INSERT INTO placement (placement, person, employer, kind, told_at)
SELECT told.placement, told.person, told.employer, told.kind, max(told.told_at)
  FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
       AS told (placement, person, employer, kind, told_at)
 GROUP BY told.placement, told.person, told.employer, told.kind
    ON CONFLICT (placement, person, employer, kind) DO UPDATE
   SET told_at = greatest(placement.told_at, excluded.told_at)
"""

LIST_PERSONS_AT_EMPLOYERS = """
SELECT DISTINCT ON (person) person, employer
  FROM placement
 WHERE employer = ANY($1::text[])
 ORDER BY person, employer
"""

FIND_PLACEMENT = """
SELECT placement, person::text AS person, employer, kind, told_at
  FROM placement
 WHERE placement = $1
 ORDER BY told_at DESC, employer, kind
 LIMIT 1
"""

HAS_REPORTED = """
SELECT EXISTS (SELECT 1 FROM placement WHERE person = $1 AND placement LIKE $2 || '/%')
"""

LIST_FACTS_OF_PERSONS = """
SELECT fact_id, name, person, employer, content, recorded_at
  FROM fact
 WHERE person = ANY($1::uuid[])
"""

LIST_FACTS_BY_ID = """
SELECT fact_id, name, person, employer, content, recorded_at
  FROM fact
 WHERE fact_id = ANY($1::uuid[])
"""

LIST_FACTS_OF_EMPLOYERS = """
SELECT fact_id, name, person, employer, content, recorded_at
  FROM fact
 WHERE employer = ANY($1::text[])
"""


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as told: about a person, or (a sector) about an employer."""

    fact_id: str
    name: str
    content: dict[str, Any]
    """The fields of the fact of that name, as JSON."""
    recorded_at: datetime
    person: str | None = None
    employer: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPlacement:
    """A placement id with its person, employer and kind."""

    placement: str
    person: str
    employer: str
    kind: str
    told_at: datetime
    """When it was last told so."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an assessment leaves to be remembered of a person."""

    person: str
    next_look_on: date | None
    """When time alone asks for the next one."""
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockedPerson:
    """A person whose row this transaction holds."""

    person: str
    assessed_on: date | None


async def insert_facts(connection: Connection, facts: Sequence[StoredFact]) -> None:
    """Keep the facts; one that is kept already changes nothing."""
    if not facts:
        return
    await connection.execute(
        INSERT_FACTS,
        [fact.fact_id for fact in facts],
        [fact.name for fact in facts],
        [fact.person for fact in facts],
        [fact.employer for fact in facts],
        [to_json(fact.content).decode() for fact in facts],
        [fact.recorded_at for fact in facts],
    )


async def save_placements(connection: Connection, told: Sequence[StoredPlacement]) -> None:
    """Remember whose these placement ids are, and at which employers they were reported."""
    if not told:
        return
    await connection.execute(
        SAVE_PLACEMENTS,
        [each.placement for each in told],
        [each.person for each in told],
        [each.employer for each in told],
        [each.kind for each in told],
        [each.told_at for each in told],
    )


async def lock_employers(
    connection: Connection, employers: Iterable[str], *, exclusive: bool
) -> None:
    """Hold the employers' rows: exclusively to tell a sector, shared to place somebody there.

    Taken before any person's lock, in sorted order, so that no two transactions wait for each
    other.
    """
    wanted = sorted(set(employers))
    if wanted:
        await connection.execute(INSERT_EMPLOYERS, wanted)
        await connection.fetch(LOCK_EMPLOYERS if exclusive else SHARE_EMPLOYERS, wanted)


async def lock_persons(connection: Connection, persons: Iterable[str]) -> list[LockedPerson]:
    """Hold the persons' rows, in sorted order, made where they were missing."""
    wanted = sorted(set(persons))
    if not wanted:
        return []
    await connection.execute(INSERT_PERSONS, wanted)
    return locked_persons(await connection.fetch(LOCK_PERSONS, wanted))


async def lock_persons_to_look_at(
    connection: Connection, today: date, *, limit: int
) -> list[LockedPerson]:
    """Hold the rows of persons for whom time alone may have changed something by today."""
    return locked_persons(await connection.fetch(LOCK_PERSONS_TO_LOOK_AT, today, limit))


def locked_persons(rows: Iterable[Row]) -> list[LockedPerson]:
    """The persons whose rows a statement has locked, as it gave them."""
    return [LockedPerson(str(row["person"]), row["assessed_on"]) for row in rows]


async def count_persons(connection: Connection) -> int:
    """How many persons were ever heard of."""
    return int(await connection.fetchval(COUNT_PERSONS))


async def save_looks(connection: Connection, looks: Sequence[Look], *, assessed_on: date) -> None:
    """Note that these persons were assessed, and what of that is asked for later."""
    await connection.execute(
        SAVE_LOOKS,
        [look.person for look in looks],
        assessed_on,
        [look.next_look_on for look in looks],
        [",".join(look.flags) for look in looks],
    )


async def list_persons_at_employers(
    connection: Connection, employers: Iterable[str]
) -> dict[str, str]:
    """Every person ever reported at one of the employers, with one of those they were at."""
    rows = await connection.fetch(LIST_PERSONS_AT_EMPLOYERS, sorted(set(employers)))
    return {str(row["person"]): row["employer"] for row in rows}


async def find_placement(connection: Connection, placement: str) -> StoredPlacement | None:
    """The placement as last reported under this id."""
    row = await connection.fetchrow(FIND_PLACEMENT, placement)
    return StoredPlacement(**row) if row is not None else None


async def has_reported(connection: Connection, person: str, sender: str) -> bool:
    """Whether this sender ever reported a placement of the person."""
    return bool(await connection.fetchval(HAS_REPORTED, person, sender))


async def list_facts_of_persons(connection: Connection, persons: Sequence[str]) -> list[StoredFact]:
    """All facts about the persons, in no particular order."""
    return [_fact(row) for row in await connection.fetch(LIST_FACTS_OF_PERSONS, list(persons))]


async def list_facts_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, StoredFact]:
    """The facts with these ids, by id."""
    rows = await connection.fetch(LIST_FACTS_BY_ID, sorted(set(ids)))
    return {fact.fact_id: fact for fact in map(_fact, rows)}


async def list_facts_of_employers(
    connection: Connection, employers: Iterable[str]
) -> list[StoredFact]:
    """All facts about the employers, in no particular order."""
    wanted = sorted(set(employers))
    return [_fact(row) for row in await connection.fetch(LIST_FACTS_OF_EMPLOYERS, wanted)]


def _fact(row: Row) -> StoredFact:
    return StoredFact(
        fact_id=str(row["fact_id"]),
        name=row["name"],
        content=row["content"],
        recorded_at=row["recorded_at"],
        person=None if row["person"] is None else str(row["person"]),
        employer=row["employer"],
    )
