"""Contacts, occasions, and the notices that follow from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic_core import to_json

from services.notifications.domain.occasions import HEARS_OF_EARLIER, Occasion
from services.notifications.domain.wording import Language
from shared.database import Connection
from shared.messaging.work import Cause

# Rows of new companies are inserted and all are locked in one order, so that no two transactions
# wait for each other.
INSERT_AUDIENCES = """
INSERT INTO audience (cvr)
SELECT cvr
  FROM unnest($1::text[]) AS company (cvr)
 ORDER BY cvr
    ON CONFLICT (cvr) DO NOTHING
"""

LOCK_AUDIENCES = """
SELECT cvr
  FROM audience
 WHERE cvr = ANY($1)
 ORDER BY cvr
   FOR UPDATE
"""

# Roles that differ from those known begin a new time of hearing.
SAVE_CONTACTS = """
INSERT INTO contact (contact, organisation, cvr, municipality, email, language, roles, hears_since)
SELECT told.contact, told.organisation, told.cvr, told.municipality, told.email, told.language,
       ARRAY(SELECT jsonb_array_elements_text(told.roles)), told.hears_since
  FROM jsonb_to_recordset($1::jsonb)
       AS told (contact text, organisation text, cvr text, municipality text, email text,
                language text, roles jsonb, hears_since timestamptz)
    ON CONFLICT (contact) DO UPDATE
   SET organisation = excluded.organisation,
       cvr          = excluded.cvr,
       municipality = excluded.municipality,
       email        = excluded.email,
       language     = excluded.language,
       roles        = excluded.roles,
       hears_since  = CASE WHEN contact.roles = excluded.roles AND contact.cvr = excluded.cvr
                           THEN contact.hears_since
                           ELSE excluded.hears_since
                      END
"""

LIST_COMPANIES_OF_CONTACTS = """
SELECT DISTINCT cvr
  FROM contact
 WHERE contact = ANY($1)
   AND cvr IS NOT NULL
 ORDER BY cvr
"""

DELETE_CONTACTS = """
DELETE FROM contact
 WHERE contact = ANY($1)
"""

SAVE_NOTICES_ERASED = """
UPDATE notice
   SET state         = 'erased',
       finished_at   = $2,
       claimed_until = NULL
 WHERE contact = ANY($1)
   AND state IN ('due', 'sending')
"""

INSERT_OCCASIONS = """
INSERT INTO occasion (template, subject, role, cvr, parameters, occurred_at,
                      cause_event, correlation, traceparent)
SELECT template, subject, role, cvr, parameters::jsonb, occurred_at,
       cause_event, correlation, traceparent
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
              $7::text[], $8::text[], $9::text[])
       AS told (template, subject, role, cvr, parameters, occurred_at,
                cause_event, correlation, traceparent)
    ON CONFLICT (template, subject) DO NOTHING
"""

# A notice's id follows from what it is about and whom it is for, so it is the same whenever and
# wherever it is made, and with it the mail's Message-ID.
INSERT_NOTICES = """
WITH made AS (
    INSERT INTO notice (notification, template, subject, contact, created_at, due_at)
    SELECT md5(concat_ws(chr(10), occasion.template, occasion.subject,
                         contact.contact))::uuid::text,
           occasion.template, occasion.subject, contact.contact, $1, $1
      FROM occasion
      JOIN contact ON contact.cvr = occasion.cvr
     WHERE occasion.cvr = ANY($2)
       AND (contact.roles = '{{}}' OR occasion.role = ANY(contact.roles))
       AND (occasion.waiting OR occasion.occurred_at >= contact.hears_since - $3::interval)
       AND {chosen}
        ON CONFLICT (template, subject, contact) DO NOTHING
    RETURNING template, subject
)
UPDATE occasion
   SET waiting = false
  FROM made
 WHERE occasion.template = made.template
   AND occasion.subject = made.subject
   AND occasion.waiting
"""

INSERT_NOTICES_OF_OCCASIONS = INSERT_NOTICES.format(
    chosen="(occasion.template, occasion.subject) IN (SELECT * FROM unnest($4::text[], $5::text[]))"
)

INSERT_NOTICES_FOR_CONTACTS = INSERT_NOTICES.format(chosen="contact.contact = ANY($4)")


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write to."""

    contact: str
    organisation: str
    cvr: str | None
    municipality: str | None
    email: str = field(repr=False)
    language: Language
    roles: tuple[str, ...]
    recorded_at: datetime


async def lock_audiences(connection: Connection, companies: Sequence[str]) -> None:
    """Wait for others who change what these companies hear, until the transaction ends."""
    await connection.execute(INSERT_AUDIENCES, companies)
    await connection.fetch(LOCK_AUDIENCES, companies)


async def save_contacts(connection: Connection, contacts: Sequence[Contact]) -> None:
    """Store contacts, new or known; each at most once."""
    told = [
        {
            "contact": contact.contact,
            "organisation": contact.organisation,
            "cvr": contact.cvr,
            "municipality": contact.municipality,
            "email": contact.email,
            "language": contact.language,
            "roles": list(contact.roles),
            "hears_since": contact.recorded_at.isoformat(),
        }
        for contact in contacts
    ]
    await connection.execute(SAVE_CONTACTS, told)


async def list_companies_of_contacts(connection: Connection, contacts: Sequence[str]) -> list[str]:
    """The companies these contacts belong to, in order."""
    rows = await connection.fetch(LIST_COMPANIES_OF_CONTACTS, contacts)
    return [row["cvr"] for row in rows]


async def delete_contacts(
    connection: Connection, contacts: Sequence[str], *, erased_at: datetime
) -> None:
    """Forget contacts: no address stays, and what they were still to be told is called off."""
    await connection.execute(SAVE_NOTICES_ERASED, contacts, erased_at)
    await connection.execute(DELETE_CONTACTS, contacts)


async def insert_occasions(
    connection: Connection, occasions: Sequence[tuple[Occasion, Cause]]
) -> None:
    """Note what is to be told and what led to it; what is known already stays as it is."""
    told = [occasion for occasion, _ in occasions]
    causes = [cause for _, cause in occasions]
    await connection.execute(
        INSERT_OCCASIONS,
        [occasion.template for occasion in told],
        [occasion.subject for occasion in told],
        [occasion.role for occasion in told],
        [occasion.cvr for occasion in told],
        [to_json(dict(occasion.parameters)).decode() for occasion in told],
        [occasion.occurred_at for occasion in told],
        [cause.event_id for cause in causes],
        [cause.correlation_id for cause in causes],
        [cause.traceparent for cause in causes],
    )


async def insert_notices_of_occasions(
    connection: Connection, occasions: Sequence[Occasion], *, now: datetime
) -> None:
    """Make the notices of these occasions for every contact that hears of them."""
    await connection.execute(
        INSERT_NOTICES_OF_OCCASIONS,
        now,
        [occasion.cvr for occasion in occasions],
        HEARS_OF_EARLIER,
        [occasion.template for occasion in occasions],
        [occasion.subject for occasion in occasions],
    )


async def insert_notices_for_contacts(
    connection: Connection, contacts: Sequence[Contact], *, now: datetime
) -> None:
    """Make the notices of every occasion that these contacts hear of."""
    await connection.execute(
        INSERT_NOTICES_FOR_CONTACTS,
        now,
        [contact.cvr for contact in contacts],
        HEARS_OF_EARLIER,
        [contact.contact for contact in contacts],
    )
