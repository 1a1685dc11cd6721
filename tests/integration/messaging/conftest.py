from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from shared.contracts.base import Event
from shared.contracts.membership import CompanyJoined, CompanyUpdated
from shared.messaging import failpoints
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import list_dead_letters, listeners_of
from shared.messaging.deciding import Listener
from shared.messaging.letter import DeadLetter, State
from shared.messaging.retry import RetryPolicy
from shared.messaging.transport import Record
from shared.messaging.work import Handler, Hears, UndecidableError
from shared.observability.metrics import Metrics
from tests.support.handfed import HandFedBus
from tests.support.messaging import (
    HASTY,
    Bookkeeper,
    Log,
    Seen,
    World,
    cvrs,
    joined,
    open_world,
    seen,
    updated,
)
from tests.support.postgres import DatabaseFactory
from tests.support.posting import Post


@pytest.fixture(autouse=True)
def _no_failpoints_left() -> None:
    failpoints.clear()


@pytest.fixture
async def world(database_factory: DatabaseFactory) -> AsyncIterator[World]:
    async with open_world(database_factory) as opened:
        yield opened


@asynccontextmanager
async def consumer_at_work(world: World) -> AsyncIterator[Consumer]:
    """Bonus, hearing."""
    async with world.bus("bonus") as bus:
        consumer = Consumer(
            "bonus",
            Bookkeeper().hears(),
            database=world.bonus,
            transport=bus,
            clock=world.clock,
            metrics=Metrics(),
            policy=HASTY,
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()


@dataclass
class Desk:
    """Bonus, hearing what the test hands it, with the bookkeeper as its handler."""

    world: World
    bookkeeper: Bookkeeper = field(default_factory=Bookkeeper)
    bus: HandFedBus = field(default_factory=HandFedBus)
    metrics: Metrics = field(default_factory=Metrics)
    consumer: Consumer = field(init=False)
    handler: Handler | None = None
    """Stands in for the bookkeeper from the next `open` on."""

    events: tuple[type[Event], ...] = (CompanyJoined, CompanyUpdated)
    """What it decides, from the next `open` on."""

    @property
    def hears(self) -> Hears:
        """What the consumer hears, and with which handler."""
        handler = self.handler or self.bookkeeper
        return replace(self.bookkeeper.hears(), handler=handler, events=self.events)

    async def open(self, policy: RetryPolicy = HASTY) -> None:
        """Start a consumer, the first or another after one that failed."""
        self.consumer = Consumer(
            "bonus",
            self.hears,
            database=self.world.bonus,
            transport=self.bus,
            clock=self.world.clock,
            metrics=self.metrics,
            policy=policy,
        )
        await self.consumer.start()

    async def deliver(self, *batch: Record) -> None:
        """Have the consumer decide a batch."""
        await self.bus.deliver(batch)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Whose dead letters a person decides about."""
        return listeners_of(
            "bonus",
            [self.bookkeeper.hears()],
            database=self.world.bonus,
            clock=self.world.clock,
        )

    async def seen(self) -> list[Seen]:
        """What the handler did, in order."""
        return await seen(self.world.bonus)

    async def letters(self, state: State | None = None) -> list[DeadLetter]:
        """What could not be decided, in order of arrival."""
        async with self.world.bonus.connection() as connection:
            return await list_dead_letters(connection, state=state)


UNDECIDABLE = UndecidableError("company_unknown", "never heard of it")


async def stopped_key(desk: Desk, *, followers: int) -> tuple[str, list[Record]]:
    """A company whose first event is dead and whose others wait; what was delivered."""
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = UNDECIDABLE
    records = [log.record(joined(company))]
    records += [log.record(updated(company, day)) for day in range(2, 2 + followers)]
    await desk.deliver(*records)
    desk.bookkeeper.stumbles.clear()
    return company, records


async def details(desk: Desk) -> list[str]:
    """What tells the decided events apart, in order."""
    return [row.detail for row in await desk.seen()]


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        opened = Desk(world)
        await opened.open()
        stack.push_async_callback(opened.consumer.stop)
        yield opened


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)
