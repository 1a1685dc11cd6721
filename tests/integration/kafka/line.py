"""A line of facts: membership's outbox and relay, brokers, bonus's inbox; and what arrived."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from shared.messaging import outbox
from shared.messaging.consumer import Consumer
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.relay import Relay
from shared.messaging.watchdog import Watchdog
from shared.observability.metrics import Metrics
from tests.support.buses import READER, WRITER
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
    reader: KafkaTransport
    stack: AsyncExitStack
    metrics: Metrics = field(default_factory=Metrics)
    bookkeeper: Bookkeeper = field(default_factory=Bookkeeper)
    days_told: int = 0

    async def add_consumer(self) -> Consumer:
        """Another member of bonus's group, in this process."""
        consumer = Consumer(
            "bonus",
            self.bookkeeper.hears(),
            database=self.world.bonus,
            transport=self.reader,
            clock=self.world.clock,
            metrics=self.metrics,
            policy=HASTY,
        )
        await consumer.start()
        self.stack.push_async_callback(consumer.stop)
        return consumer

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

    async def watchdog(self, consumer: Consumer) -> Watchdog:
        """Shows lag and rebalances as a running service would."""
        return Watchdog("bonus", [consumer], clock=self.world.clock, metrics=self.metrics)

    def shown(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels, as /metrics would tell."""
        total = 0.0
        for line in self.metrics.exposition().decode().splitlines():
            if line.startswith(f"{name}{{") and all(
                f'{label}="{value}"' in line for label, value in labels.items()
            ):
                total += float(line.rpartition(" ")[2])
        return total


@asynccontextmanager
async def open_line(bus: KafkaBus, factory: DatabaseFactory) -> AsyncIterator[Line]:
    """A line over the brokers, with its topic, relay and no consumer yet; gone afterwards."""
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
        line = Line(world, bus, reader, stack)
        relay = Relay(
            "membership",
            database=world.membership,
            transport=writer,
            clock=world.clock,
            metrics=line.metrics,
            policy=HASTY,
        )
        await relay.start()
        stack.push_async_callback(relay.stop)
        yield line
