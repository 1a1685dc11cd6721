"""A small world for the messaging: membership tells, bonus hears and tells on, one bus between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from shared.contracts.base import Event
from shared.contracts.bonus import BonusApplied
from shared.contracts.envelope import encode, envelope_for
from shared.contracts.membership import CompanyJoined, CompanyUpdated
from shared.contracts.topics import load_topics
from shared.database import Database
from shared.messaging.embedded import BUS_PLAN, EmbeddedTransport, create_topics
from shared.messaging.retry import RetryPolicy
from shared.messaging.transport import Record
from shared.messaging.work import Hears, Received, Work, begin_work
from shared.values.cvr import is_cvr
from tests.support.postgres import DatabaseFactory, TestDatabase, login_plan

MESSAGING = ("messaging", Path(__file__).parents[2] / "shared/messaging/migrations")
SEEN = ("seen", Path(__file__).with_name("seen_migrations"))
PLANS = (login_plan("membership", MESSAGING), login_plan("bonus", MESSAGING, SEEN), BUS_PLAN)
TOPIC = "membership.events.v1"
TOLD_ON = "bonus.events.v1"

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)
JOINED_ON = date(2017, 3, 1)
SESSION_SECONDS = 2.0

HASTY = RetryPolicy(delay_first_seconds=0.01, delay_max_seconds=0.05)
"""As patient as production, but in less time."""


class StandingClock:
    """A clock that shows one instant until it is told another."""

    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """The instant it was told last."""
        return self.instant

    def advance(self, **by: int) -> None:
        """Move it on."""
        self.instant += timedelta(**by)


@dataclass(frozen=True)
class World:
    """Both services' databases, and where they lie."""

    database: TestDatabase
    membership: Database
    bonus: Database
    clock: StandingClock

    def url(self, service: str) -> str:
        """The address for a service's own role."""
        return self.database.url(f"sammen_{service}")

    @asynccontextmanager
    async def bus(self, service: str) -> AsyncIterator[EmbeddedTransport]:
        """The bus as the service may use it, started."""
        transport = open_bus(self.url(service))
        await transport.start()
        try:
            yield transport
        finally:
            await transport.close()


def open_bus(url: str) -> EmbeddedTransport:
    """The embedded bus, quick to see that a member died."""
    return EmbeddedTransport(url, session_timeout_seconds=SESSION_SECONDS, poll_seconds=0.2)


@asynccontextmanager
async def open_world(make_database: DatabaseFactory) -> AsyncIterator[World]:
    """A world with all of Sammen's topics of these two services, and empty tables."""
    database = await make_database(PLANS)
    await create_topics(
        database.owner_url, [topic for topic in load_topics() if topic.name in (TOPIC, TOLD_ON)]
    )
    async with AsyncExitStack() as stack:
        yield World(
            database=database,
            membership=await open_database(stack, database.url("sammen_membership"), "membership"),
            bonus=await open_database(stack, database.url("sammen_bonus"), "bonus"),
            clock=StandingClock(),
        )


async def open_database(stack: AsyncExitStack, url: str, service: str) -> Database:
    """A service's database, closed with the stack."""
    database = await Database.connect(url, application_name=f"test {service}", schema=service)
    stack.push_async_callback(database.close)
    return database


def cvrs(amount: int) -> list[str]:
    """So many CVR numbers that belong to nobody."""
    numbers: Iterator[str] = (str(number) for number in count(99_000_000))
    return list(islice((number for number in numbers if is_cvr(number)), amount))


def joined(cvr: str) -> CompanyJoined:
    """That a company joined."""
    return CompanyJoined(cvr=cvr, joined_on=JOINED_ON)


def updated(cvr: str, day: int) -> CompanyUpdated:
    """That something about a company changed on a day of March."""
    return CompanyUpdated(cvr=cvr, updated_on=date(2017, 3, day))


async def publish(world: World, events: Sequence[Event]) -> list[str]:
    """Publish in one work of membership; the ids."""
    async with begin_work(world.membership, world.clock, service="membership") as work:
        return [work.publish(event) for event in events]


class Log:
    """Records as they would lie in one partition of a topic, one after the other."""

    def __init__(self, *, topic: str = TOPIC, partition: int = 0) -> None:
        self._topic = topic
        self._partition = partition
        self._offset = 0

    def record(self, event: Event, *, event_id: str | None = None) -> Record:
        """The next record, holding the event."""
        encoded = encode(event, envelope_for(event, time=NOON, event_id=event_id))
        return self.raw(encoded.value, key=encoded.key, headers=encoded.headers)

    def raw(
        self,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> Record:
        """The next record, holding anything at all."""
        offset, self._offset = self._offset, self._offset + 1
        return Record(
            topic=self._topic,
            partition=self._partition,
            offset=offset,
            key=key,
            value=value,
            headers=tuple(headers),
            appended_at=NOON + timedelta(seconds=offset),
        )


def of_unknown_type(record: Record) -> Record:
    """The same record, of a type that this version has never heard of."""
    headers = tuple(
        (name, b"dk.sammen.membership.CompanyMerged.v1" if name == "ce_type" else value)
        for name, value in record.headers
    )
    return replace(record, headers=headers)


class Bookkeeper:
    """A handler that notes what it decides, tells it on, and stumbles over what it is told to."""

    def __init__(self) -> None:
        self.stumbles: dict[str, Exception] = {}
        """By CVR number: what to raise instead of deciding."""
        self.before: Callable[[Sequence[Received[Any]]], Awaitable[None]] | None = None
        """What to do first, such as waiting."""
        self.batches: list[int] = []
        """How many events each call was given."""

    def hears(self, name: str = "companies") -> Hears:
        """What bonus hears with this handler."""
        events = (CompanyJoined, CompanyUpdated)
        return Hears(name=name, topics=(TOPIC,), events=events, handler=self)

    async def __call__(self, work: Work, events: Sequence[Received[Any]]) -> None:
        self.batches.append(len(events))
        if self.before is not None:
            await self.before(events)
        for received in events:
            if (error := self.stumbles.get(received.event.cvr)) is not None:
                raise error
        await work.connection.execute(
            "INSERT INTO seen (event_id, cvr, detail) "
            "SELECT event_id, cvr, detail FROM unnest($1::text[], $2::text[], $3::text[])"
            " WITH ORDINALITY AS row (event_id, cvr, detail, place) ORDER BY place",
            [received.event_id for received in events],
            [received.event.cvr for received in events],
            [detail_of(received.event) for received in events],
        )
        for received in events:
            work.publish(told_on(received), cause=received.cause)


def detail_of(event: Event) -> str:
    """What tells the events of one company apart."""
    return str(event.updated_on.day) if isinstance(event, CompanyUpdated) else "joined"


def told_on(received: Received[Any]) -> BonusApplied:
    """An event that bonus publishes because of the one it heard."""
    return BonusApplied(
        case=f"case-{received.event.cvr}",
        scheme="ordinary",
        employer=received.event.cvr,
        milestone="M6",
        placement=f"cvr-{received.event.cvr}/1",
        filed_on=JOINED_ON,
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of what the handler did."""

    event_id: str
    cvr: str
    detail: str


async def seen(database: Database) -> list[Seen]:
    """What the handler did, in order."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT event_id, cvr, detail FROM seen ORDER BY place")
    return [Seen(*row.values()) for row in rows]


async def count_rows(database: Database, table: str, where: str = "true") -> int:
    """How many rows of a table there are."""
    async with database.connection() as connection:
        count_: int = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608 # a test's own words
    return count_
