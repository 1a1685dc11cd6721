"""Every SQL statement of membership."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from services.membership.domain.pledges import Pledge, SectorReport
from services.membership.domain.revision import Company, Contact, Joining
from shared.database import Connection, Row

PLEDGES_LISTED_MAX = 1_000

INSERT_COMPANY = """
INSERT INTO company (cvr, name, joined_on)
VALUES ($1, $2, $3)
ON CONFLICT (cvr) DO NOTHING
RETURNING cvr
"""

FIND_COMPANY = """
SELECT cvr, name, joined_on
  FROM company
 WHERE cvr = $1
"""

LOCK_COMPANY = """
SELECT cvr, name, joined_on
  FROM company
 WHERE cvr = $1
   FOR UPDATE
"""

LIST_CONTACTS = """
SELECT contact, name, email, language, roles
  FROM contact
 WHERE cvr = $1
 ORDER BY lower(email)
"""

SAVE_COMPANY_NAME = """
UPDATE company
   SET name = $2
 WHERE cvr = $1
"""

# Arrays of roles differ in length, so they travel as JSON.
SAVE_CONTACTS = """
INSERT INTO contact (contact, cvr, name, email, language, roles)
SELECT told.contact, $1, told.name, told.email, told.language,
       ARRAY(SELECT jsonb_array_elements_text(told.roles))
  FROM jsonb_to_recordset($2::jsonb)
       AS told (contact text, name text, email text, language text, roles jsonb)
    ON CONFLICT (contact) DO UPDATE
   SET name     = excluded.name,
       email    = excluded.email,
       language = excluded.language,
       roles    = excluded.roles
"""

DELETE_CONTACTS = """
DELETE FROM contact
 WHERE cvr = $1
   AND contact = ANY($2)
"""

INSERT_PLEDGE = """
INSERT INTO pledge (pledge, cvr, places, kind, first_day, last_day, municipality, pledged_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

LIST_PLEDGES = """
SELECT pledge, cvr, places, kind, first_day, last_day, municipality, pledged_on
  FROM pledge
 WHERE cvr = $1
 ORDER BY first_day, pledge
 LIMIT $2
"""

# Two reports on one employer at once must see each other, whether or not it was known before.
LOCK_EMPLOYER = """
SELECT pg_advisory_xact_lock(hashtextextended('membership.employer.' || $1, 0))
"""

FIND_SECTOR_REPORT = """
SELECT employer, effective_from, sector, public_funding_percent
  FROM sector_report
 WHERE employer = $1
   AND effective_from = $2
 ORDER BY report DESC
 LIMIT 1
"""

INSERT_SECTOR_REPORT = """
INSERT INTO sector_report (employer, effective_from, sector, public_funding_percent, reported_at)
VALUES ($1, $2, $3, $4, $5)
"""


async def insert_company(connection: Connection, company: Joining, *, joined_on: date) -> bool:
    """Store the company unless it is known; say whether it was new.

    Waits for another transaction that is storing the same company.
    """
    found = await connection.fetchval(INSERT_COMPANY, company.cvr, company.name, joined_on)
    return found is not None


async def find_company(connection: Connection, cvr: str) -> Company | None:
    """The company with its contacts, if it is a member."""
    row = await connection.fetchrow(FIND_COMPANY, cvr)
    return await _company(connection, row) if row is not None else None


async def lock_company(connection: Connection, cvr: str) -> Company | None:
    """The company with its contacts, if it is a member; waits for others who change it."""
    row = await connection.fetchrow(LOCK_COMPANY, cvr)
    return await _company(connection, row) if row is not None else None


async def _company(connection: Connection, row: Row) -> Company:
    contacts = await connection.fetch(LIST_CONTACTS, row["cvr"])
    return Company(
        cvr=row["cvr"],
        name=row["name"],
        joined_on=row["joined_on"],
        contacts={
            found["contact"]: Contact(
                name=found["name"],
                email=found["email"],
                language=found["language"],
                roles=tuple(found["roles"]),
            )
            for found in contacts
        },
    )


async def save_company_name(connection: Connection, cvr: str, name: str) -> None:
    """Give the company another name."""
    await connection.execute(SAVE_COMPANY_NAME, cvr, name)


async def save_contacts(connection: Connection, cvr: str, contacts: Mapping[str, Contact]) -> None:
    """Store contacts by their ids, new or known."""
    told = [
        {
            "contact": identifier,
            "name": contact.name,
            "email": contact.email,
            "language": contact.language,
            "roles": list(contact.roles),
        }
        for identifier, contact in contacts.items()
    ]
    await connection.execute(SAVE_CONTACTS, cvr, told)


async def delete_contacts(connection: Connection, cvr: str, contacts: Sequence[str]) -> None:
    """Forget contacts: nothing of them stays here."""
    await connection.execute(DELETE_CONTACTS, cvr, contacts)


async def insert_pledge(connection: Connection, pledge: Pledge) -> None:
    """Store a pledge of a member."""
    await connection.execute(
        INSERT_PLEDGE,
        pledge.pledge,
        pledge.cvr,
        pledge.places,
        pledge.kind,
        pledge.first_day,
        pledge.last_day,
        pledge.municipality,
        pledge.pledged_on,
    )


async def list_pledges(connection: Connection, cvr: str) -> list[Pledge]:
    """The company's pledges by first day, at most PLEDGES_LISTED_MAX."""
    rows = await connection.fetch(LIST_PLEDGES, cvr, PLEDGES_LISTED_MAX)
    return [Pledge(**dict(row)) for row in rows]


async def lock_employer(connection: Connection, employer: str) -> None:
    """Wait for other reports on this employer's sector, until the transaction ends."""
    await connection.execute(LOCK_EMPLOYER, employer)


async def find_sector_report(
    connection: Connection, employer: str, effective_from: date
) -> SectorReport | None:
    """The report that counts from that very day, the last recorded."""
    row = await connection.fetchrow(FIND_SECTOR_REPORT, employer, effective_from)
    return SectorReport(**dict(row)) if row is not None else None


async def insert_sector_report(
    connection: Connection, report: SectorReport, *, reported_at: datetime
) -> None:
    """Keep a report on an employer's sector."""
    await connection.execute(
        INSERT_SECTOR_REPORT,
        report.employer,
        report.effective_from,
        report.sector,
        report.public_funding_percent,
        reported_at,
    )
