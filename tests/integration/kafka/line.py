"""A line of facts: membership's outbox and relay, brokers, bonus's inbox; and what arrived."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from shared.messaging import outbox
from shared.messaging.consumer import Consumer
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.relay import Relay
from shared.messaging.retry import RetryPolicy
from shared.messaging.watchdog import Watchdog, WatchdogError
from shared.observability.metrics import Metrics
from tests.support.buses import READER, WRITER
from tests.support.evidence import shown
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.messaging import (
    HASTY,
    TOPIC,
    Bookkeeper,
    World,
    cvrs,
    joined,
    open_world,
    publish,
    seen,
    updated,
)
from tests.support.postgres import DatabaseFactory
from tests.support.waiting import until

COMPANIES = cvrs(10)
DAYS = 31
PARTITIONS = 6
PAUSE_SECONDS = 0.15
PUBLISH_SECONDS = 5.0
RECOVERY = timedelta(seconds=90)


@dataclass
class Line:
    """The line at work."""

    world: World
    bus: KafkaBus
    writer: KafkaTransport
    reader: KafkaTransport
    stack: AsyncExitStack
    metrics: Metrics = field(default_factory=Metrics)
    """Membership's."""
    bookkeeper: Bookkeeper = field(default_factory=Bookkeeper)
    days_told: int = 0
    members: list[Metrics] = field(default_factory=list)
    """Of each member that there was, as each process has its own."""
    lag_at_most: float = 0.0
    """The greatest lag that was shown so far."""

    async def add_relay(self) -> None:
        """Membership's relay, in this process."""
        relay = Relay(
            "membership",
            database=self.world.membership,
            transport=self.writer,
            clock=self.world.clock,
            metrics=self.metrics,
            policy=HASTY,
        )
        await relay.start()
        self.stack.push_async_callback(relay.stop)

    async def add_consumer(
        self,
        *,
        topics: tuple[str, ...] = (TOPIC,),
        batch_records_max: int = 1000,
        policy: RetryPolicy = HASTY,
    ) -> Consumer:
        """Another member of bonus's group, in this process, and its watchdog."""
        metrics = Metrics()
        consumer = Consumer(
            "bonus",
            replace(self.bookkeeper.hears(), topics=topics),
            database=self.world.bonus,
            transport=self.reader,
            clock=self.world.clock,
            metrics=metrics,
            policy=policy,
            batch_records_max=batch_records_max,
        )
        await consumer.start()
        self.members.append(metrics)
        self.stack.push_async_callback(consumer.stop)
        watching = asyncio.create_task(self._watch(consumer, metrics))
        self.stack.callback(watching.cancel)
        return consumer

    async def _watch(self, consumer: Consumer, metrics: Metrics) -> None:
        """Show lag and rebalances as a running service would, until the consumer fails."""
        watchdog = Watchdog("bonus", [consumer], clock=self.world.clock, metrics=metrics)
        while True:
            try:
                await watchdog.look()
            except WatchdogError:
                return
            self.lag_at_most = max(self.lag_at_most, self.shown("sammen_consumer_lag_records"))
            await asyncio.sleep(LOOK_SECONDS)

    async def tell_all(self) -> None:
        """Every day something about every company, for about five seconds."""
        await publish(self.world, [joined(cvr) for cvr in COMPANIES])
        for day in range(1, DAYS + 1):
            await publish(self.world, [updated(cvr, day) for cvr in COMPANIES])
            self.days_told = day
            await asyncio.sleep(PAUSE_SECONDS)

    async def has_told(self, days: int) -> None:
        """Wait until facts have flowed for so many days."""
        await until(lambda: self.days_told >= days, what=f"{days} days are told")

    async def all_arrive(self) -> None:
        """Wait until everything that was told has been decided, then see that it was so once, and
        in order for every company.
        """
        asked = len(COMPANIES) * (DAYS + 1)
        async with asyncio.timeout(RECOVERY.total_seconds()):
            while len(await seen(self.world.bonus)) < asked:  # noqa: ASYNC110 - rows, not an event
                await asyncio.sleep(0.1)
        by_company: dict[str, list[str]] = defaultdict(list)
        for row in await seen(self.world.bonus):
            by_company[row.cvr].append(row.detail)
        expected = ["joined", *map(str, range(1, DAYS + 1))]
        assert by_company == dict.fromkeys(COMPANIES, expected)
        async with self.world.membership.connection() as connection:
            assert (await outbox.count_waiting(connection)).rows == 0

    def shown(self, name: str, **labels: str) -> float:
        """What all of the line's /metrics show together."""
        return sum(shown(each, name, **labels) for each in (self.metrics, *self.members))


@asynccontextmanager
async def open_line(
    bus: KafkaBus, factory: DatabaseFactory, *, relaying: bool = True
) -> AsyncIterator[Line]:
    """A line over the brokers, with its topic and no consumer yet; gone afterwards."""
    async with open_world(factory) as world, AsyncExitStack() as stack:
        await bus.create_topic(TOPIC, partitions=PARTITIONS)
        stack.push_async_callback(bus.delete_topic, TOPIC)
        transports = [
            KafkaTransport(
                bus.access(user),
                times=TIMES,
                look_seconds=LOOK_SECONDS,
                publish_seconds_max=PUBLISH_SECONDS,
            )
            for user in (WRITER, READER)
        ]
        for transport in transports:
            await transport.start()
            stack.push_async_callback(transport.close)
        writer, reader = transports
        line = Line(world, bus, writer, reader, stack)
        if relaying:
            await line.add_relay()
        yield line
