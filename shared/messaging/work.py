"""One transaction of one service: what it reads, changes and publishes holds together or not.

Handlers see only this module of the messaging: a `Work` to do their reading, changing and
publishing with, and the `Received` events they are to decide. A service says what it hears with
`Hears`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from shared.contracts.base import Event
from shared.contracts.envelope import encode, envelope_for, new_event_id
from shared.database import Connection, Database
from shared.messaging import outbox
from shared.messaging.outbox import OutboxRow
from shared.messaging.steps import Steps
from shared.values.clock import Clock
from shared.values.dates import day_in_copenhagen

E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Cause:
    """What led to an event: the event before it, and the report that began it all."""

    event_id: str
    correlation_id: str
    traceparent: str | None = None


@dataclass(slots=True)
class Received(Generic[E]):
    """One event as it came from the bus, for the first time."""

    event: E
    event_id: str
    occurred_at: datetime
    topic: str
    partition: int
    offset: int
    key: str | None
    cause: Cause
    """To pass on to `Work.publish` for whatever is published because of this event."""


class UndecidableError(Exception):
    """This message can't be decided as it is, now or later: it becomes a dead letter.

    `reason` is a short code (`placement_unknown`), `detail` a sentence for the person who mends
    it. Waiting or trying again must not help; raise anything else if it might.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Work:
    """One transaction of one service."""

    def __init__(
        self, connection: Connection, *, now: datetime, service: str, steps: Steps | None = None
    ) -> None:
        self.connection = connection
        self.now = now
        """The instant this work began (UTC)."""
        self.today: date = day_in_copenhagen(now)
        """The calendar day of `now` in Copenhagen."""
        self.service = service
        self.steps = steps or Steps()
        """Where a batch's time goes. A handler begins in "load", and says when it goes over to
        "decide" or "write"; it may go back."""
        self._unwritten: list[OutboxRow] = []
        self._erased: list[tuple[str, bytes]] = []

    def publish(
        self, event: Event, *, cause: Cause | None = None, occurred_at: datetime | None = None
    ) -> str:
        """Announce the event if and only if this work commits; the event's id.

        Events of one work are published in the order of these calls. `occurred_at` is `now`
        unless said otherwise. Without a cause the event begins a correlation of its own.
        """
        assert event.publisher == self.service, (
            f"{type(event).__name__} belongs to {event.publisher}, {self.service} can't publish it"
        )
        event_id = new_event_id()
        envelope = envelope_for(
            event,
            time=occurred_at or self.now,
            event_id=event_id,
            causation_id=cause.event_id if cause else None,
            correlation_id=cause.correlation_id if cause else event_id,
            traceparent=cause.traceparent if cause else None,
        )
        encoded = encode(event, envelope)
        self._unwritten.append(
            OutboxRow(encoded.topic, encoded.key, encoded.value, encoded.headers, event_id)
        )
        return event_id

    def erase(self, topic: str, key: str) -> None:
        """Publish a null value for the key of a compacted topic, so that the bus forgets it.

        The outbox forgets it too: what was published under the key before stays without its value.
        """
        event_id = new_event_id()
        headers = (
            ("ce_specversion", b"1.0"),
            ("ce_id", event_id.encode()),
            ("ce_source", f"/sammen/{self.service}".encode()),
            ("ce_time", self.now.isoformat().encode()),
        )
        place = (topic, key.encode())
        self._unwritten = [
            replace(row, value=None) if (row.topic, row.key) == place else row
            for row in self._unwritten
        ]
        self._unwritten.append(OutboxRow(*place, None, headers, event_id))
        self._erased.append(place)

    async def write_outbox(self) -> None:
        """Write what was published so far to the outbox, in one statement; nothing if nothing."""
        rows, self._unwritten = self._unwritten, []
        erased, self._erased = self._erased, []
        if erased:
            await outbox.empty(self.connection, erased)
        if rows:
            await outbox.insert(self.connection, self.service, rows, created_at=self.now)


@asynccontextmanager
async def begin_work(
    database: Database, clock: Clock, *, service: str, steps: Steps | None = None
) -> AsyncIterator[Work]:
    """Begin a work; it commits when the block ends, and leaves nothing behind when it raises."""
    async with database.transaction() as connection:
        work = Work(connection, now=clock.now(), service=service, steps=steps)
        yield work
        await work.write_outbox()


Handler = Callable[[Work, Sequence[Received[Any]]], Awaitable[None]]
"""Decides a whole batch of new events, in record order, set-based: a few statements in all."""

ErasureHandler = Callable[[Work, Sequence[str]], Awaitable[None]]
"""Forgets what is held under these keys of a compacted topic."""


@dataclass(frozen=True)
class Hears:
    """What a service listens to with one handler, and how far it has come, under one name."""

    name: str
    """Short and lasting: the consumer group and the inbox are called `<service>.<name>`."""
    topics: tuple[str, ...]
    """Names, or patterns in which `*` stands for any text."""
    events: tuple[type[Event], ...]
    """The types the handler decides; others on the same topics pass by unnoticed."""
    handler: Handler
    on_erased: ErasureHandler | None = None
    """Needed for a compacted topic; elsewhere a null value is a malformed record."""
