"""Notifications over a real database: what it is told, what it sends, what it keeps."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from services.notifications import handlers
from shared.contracts.base import Event
from shared.contracts.bonus import BonusInstalmentDue
from shared.contracts.envelope import Decoded, decode, new_event_id
from shared.contracts.membership import CompanyJoined, ContactRecorded
from shared.database import Database, Row
from shared.messaging.work import Cause, Received, Work
from shared.observability.metrics import Metrics
from shared.runtime.clock import SimulatedClock
from shared.runtime.service import ServiceContext
from shared.runtime.settings import Settings

COMPANY, OTHER_COMPANY = "99000007", "99000015"
IDA, SAM = "contact-ida", "contact-sam"

OUTBOX = """
  SELECT topic, key, value, headers::text AS headers
    FROM outbox
ORDER BY position
"""
NOTICES = """
  SELECT notice.template, notice.subject, notice.contact, notice.state, notice.attempts,
         notice.unclear, notice.due_at, notice.reason, notice.reply_code
    FROM notice
ORDER BY notice.template, notice.subject, notice.contact
"""
TABLES = """
  SELECT table_name
    FROM information_schema.tables
   WHERE table_schema = 'notifications'
     AND table_type = 'BASE TABLE'
"""


@dataclass
class Office:
    """A notifications service that the test drives by hand."""

    database: Database
    clock: SimulatedClock
    context: ServiceContext
    mails: Path
    offsets: count[int] = field(default_factory=count)

    async def told(self, *events: Event, at: datetime | None = None) -> None:
        """Hand events to the handlers that hear them: one batch for each, in one work each."""
        for kinds, handler in HEARD:
            heard = [self.received(event, at) for event in events if isinstance(event, kinds)]
            if heard:
                async with self.context.begin() as work:
                    await handler(work, heard)

    async def erased(self, *contacts: str) -> None:
        """Hand erasures to their handler."""
        async with self.context.begin() as work:
            await handlers.on_contacts_erased(work, contacts)

    async def send(self) -> None:
        """One tick of the timer."""
        await handlers.send_due_notices(self.context)

    def sending_by(self, url: str | None) -> Office:
        """The same office, with another way for mails to leave."""
        settings = Settings.model_validate({"smtp_url": url})
        return replace(self, context=replace(self.context, settings=settings))

    async def states(self) -> list[tuple[str, str]]:
        """Contact and state of each notice, by template, subject and contact."""
        return [(row["contact"], row["state"]) for row in await self.notices()]

    async def notices(self) -> list[Row]:
        """Every notice, by template, subject and contact."""
        return await self.fetch(NOTICES)

    async def published(self) -> list[Event]:
        """Everything told of, in order."""
        return [read.event for read in await self.records()]

    async def records(self) -> list[Decoded]:
        """Everything told of with its envelope, in order."""
        told = []
        for row in await self.fetch(OUTBOX):
            headers = _headers(row["headers"])
            read = decode(topic=row["topic"], key=row["key"], value=row["value"], headers=headers)
            assert isinstance(read, Decoded), read
            told.append(read)
        return told

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Rows of the service's own schema, read as its own role."""
        async with self.database.connection() as connection:
            return await connection.fetch(query, *args)

    async def everything(self) -> str:
        """Every row of every table, as one text."""
        texts = []
        for row in await self.fetch(TABLES):
            table = row["table_name"]
            rows = await self.fetch(f"SELECT row_to_json(kept)::text FROM {table} AS kept")  # noqa: S608 # a table's own name
            texts += [each[0] for each in rows]
        return "\n".join(texts)

    def received(self, event: Event, at: datetime | None = None) -> Received[Any]:
        """The event as it comes from the bus, known at an instant (now)."""
        event_id = new_event_id()
        return Received(
            event=event,
            event_id=event_id,
            occurred_at=at or self.clock.now(),
            topic=event.topic,
            partition=0,
            offset=next(self.offsets),
            key=event.partition_key(),
            cause=Cause(event_id, f"began-{event_id}"),
        )

    @property
    def counted(self) -> Metrics:
        """What was counted."""
        return self.context.metrics


Kinds = type[Event] | tuple[type[Event], ...]
Handler = Callable[[Work, Sequence[Received[Any]]], Awaitable[None]]
HEARD: tuple[tuple[Kinds, Handler], ...] = (
    (ContactRecorded, handlers.on_contact_recorded),
    ((CompanyJoined, BonusInstalmentDue), handlers.on_something_to_tell),
)


def _headers(text: str) -> list[tuple[str, bytes | None]]:
    return [(name, value.encode() if value else None) for name, value in json.loads(text)]


def contact(identifier: str = IDA, **fields: object) -> ContactRecorded:
    """A contact of the company, writing Danish and hearing everything unless said otherwise."""
    told = {
        "contact": identifier,
        "organisation": "company",
        "cvr": COMPANY,
        "name": "Ida Holm",
        "email": f"{identifier}@firma.example",
        "language": "da",
        "roles": (),
        "wishes": (),
        **fields,
    }
    return ContactRecorded.model_validate(told)


def joined(cvr: str = COMPANY) -> CompanyJoined:
    """The company joined."""
    return CompanyJoined(cvr=cvr, joined_on=date(2016, 6, 11))


def due(case: str = "case-1", **fields: object) -> BonusInstalmentDue:
    """An instalment of the company is due."""
    told = {
        "case": case,
        "scheme": "ordinary",
        "milestone": "M6",
        "employer": COMPANY,
        "instalment": f"{case}-M6",
        "amount_ore": 2_000_000,
        "due_on": date(2017, 3, 1),
        "law": "integrationsloven § 46",
        **fields,
    }
    return BonusInstalmentDue.model_validate(told)
