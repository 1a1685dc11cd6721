"""Persons as the door knows them: by reference, with what the law needs to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from services.placements.domain.door import KnownPerson
from services.placements.domain.persons import PersonFields
from shared.database import Connection

INSERT_PERSON = """
INSERT INTO person
            (person, category, permit_granted_on, born_on, resident_since, registered_at, stamp)
     VALUES ($1::uuid, $2, $3, $4, $5, $6, $6)
"""

LOCK_PERSONS = """
  SELECT person::text AS person, stamp, category, permit_granted_on, born_on, resident_since
    FROM person
   WHERE person = ANY($1::uuid[])
ORDER BY person
     FOR NO KEY UPDATE
"""

SAVE_PERSONS = """
UPDATE person
   SET stamp = told.stamp,
       category = told.category,
       permit_granted_on = told.permit_granted_on,
       born_on = told.born_on,
       resident_since = told.resident_since
  FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::date[], $5::date[], $6::date[])
       AS told (person, stamp, category, permit_granted_on, born_on, resident_since)
 WHERE person.person = told.person
"""


async def insert_person(
    connection: Connection, person: str, told: PersonFields, *, registered_at: datetime
) -> None:
    """Register somebody not registered before."""
    await connection.execute(
        INSERT_PERSON,
        person,
        told.category,
        told.permit_granted_on,
        told.born_on,
        told.resident_since,
        registered_at,
    )


async def lock_persons(connection: Connection, persons: Collection[str]) -> dict[str, KnownPerson]:
    """Those of the persons that are registered; waits for others who tell of them."""
    rows = await connection.fetch(LOCK_PERSONS, sorted(persons))
    return {
        row["person"]: KnownPerson(
            row["stamp"],
            PersonFields(
                row["category"],
                row["permit_granted_on"],
                row["born_on"],
                row["resident_since"],
            ),
        )
        for row in rows
    }


async def save_persons(connection: Connection, persons: Mapping[str, KnownPerson]) -> None:
    """Keep what is known of them now."""
    known = list(persons.values())
    await connection.execute(
        SAVE_PERSONS,
        list(persons),
        [person.stamp for person in known],
        [person.told.category for person in known],
        [person.told.permit_granted_on for person in known],
        [person.told.born_on for person in known],
        [person.told.resident_since for person in known],
    )
