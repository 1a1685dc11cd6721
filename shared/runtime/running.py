"""One service at work in this process: its connections, relay, consumers and timers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.database import Database, Fault, fault_of
from shared.messaging import outbox
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.transport import Position, Transport
from shared.messaging.watchdog import LOOK_SECONDS, Watchdog
from shared.observability.logs import Log
from shared.observability.metrics import Metrics
from shared.runtime.plans import database_setting, topics_used
from shared.runtime.service import Service, ServiceContext
from shared.runtime.settings import Settings
from shared.runtime.timers import Timers
from shared.runtime.upkeep import UPKEEP
from shared.values.clock import Clock

LOG = Log(__name__)

CONNECT_SECONDS_MAX: Final = 30.0
CONNECT_RETRY_SECONDS: Final = 0.2
FLUSH_SECONDS_MAX: Final = 5.0
FLUSH_LOOK_SECONDS: Final = 0.05

OpenTransport = Callable[[str], Transport]
"""A transport for a service, by its name; not yet started."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a service is; equal twice in a row means that nothing moved between."""

    waiting_rows: int
    positions: Mapping[tuple[str, str, int], Position]

    @property
    def quiet(self) -> bool:
        """Nothing waits to be published or consumed."""
        return self.waiting_rows == 0 and not any(place.lag for place in self.positions.values())


class RunningService:
    """A declared service, started and stopped part by part in the order the system says."""

    def __init__(
        self, service: Service, *, settings: Settings, clock: Clock, metrics: Metrics
    ) -> None:
        self.service = service
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._transport: Transport | None = None
        self._context: ServiceContext | None = None
        self._relay: Relay | None = None
        self._timing: asyncio.Task[None] | None = None
        self.timers: Timers | None = None
        self.consumers: list[Consumer] = []

    @property
    def context(self) -> ServiceContext:
        """What its handlers are given; there once connected."""
        assert self._context is not None, "connect first"
        return self._context

    @property
    def relay(self) -> Relay:
        """Its relay; there once started."""
        assert self._relay is not None, "start the relay first"
        return self._relay

    async def connect(self, open_transport: OpenTransport) -> None:
        """Reach database and bus, waiting a while for both, and check the topics.

        Raises what a database said that stayed unavailable (Fault.UNAVAILABLE) or refused,
        TransportError, or SettingsError.
        """
        address = self._settings.need(database_setting(self.service.name))
        database = await _patiently(lambda: self._open_database(address))
        self._context = ServiceContext(
            service_name=self.service.name,
            database=database,
            clock=self._clock,
            settings=self._settings,
            metrics=self._metrics,
        )
        self._transport = open_transport(self.service.name)
        await self._transport.start()
        await self._transport.check_topics(
            {topic.name: topic.partitions for topic in topics_used(self.service)}
        )

    async def start_relay(self) -> None:
        """Begin to publish what the outbox holds."""
        self._relay = Relay(
            self.service.name,
            database=self.context.database,
            transport=self._bus(),
            clock=self._clock,
            metrics=self._metrics,
        )
        await self._relay.start()

    async def start_consumers(self) -> None:
        """Begin to hear what the service hears."""
        for hears in self.service.hears:
            consumer = Consumer(
                self.service.name,
                hears,
                database=self.context.database,
                transport=self._bus(),
                clock=self._clock,
                metrics=self._metrics,
            )
            await consumer.start()
            self.consumers.append(consumer)

    def watchdog(self, stalled_seconds_max: float) -> Watchdog:
        """A watchdog over its consumers, not yet running."""
        return Watchdog(
            self.service.name,
            self.consumers,
            clock=self._clock,
            metrics=self._metrics,
            stalled_seconds_max=stalled_seconds_max,
            look_seconds=min(LOOK_SECONDS, stalled_seconds_max / 4),
        )

    async def start_timers(self) -> None:
        """Begin to do what is due by the clock."""
        self.timers = Timers(self.context, (*self.service.timers, *UPKEEP))
        name = f"timers of {self.service.name}"
        self._timing = asyncio.create_task(self.timers.run(), name=name)

    async def stop_consumers(self) -> None:
        """Finish the batches in flight and leave."""
        await asyncio.gather(*(consumer.stop() for consumer in self.consumers))

    async def stop_timers(self) -> None:
        """Start no more runs, and finish the one under way."""
        if self.timers is not None and self._timing is not None:
            await self.timers.stop()
            await asyncio.wait([self._timing])

    async def stop_relay(self) -> None:
        """Let the relay bring what is left to the bus, for a few seconds, and stop it."""
        if self._relay is not None:
            await self._flush(self._relay)
            await self._relay.stop()

    async def disconnect(self) -> None:
        """Let go of bus and database; safe when never connected."""
        if self._transport is not None:
            await self._transport.close()
        if self._context is not None:
            await self._context.database.close()

    def failures(self) -> list[tuple[str, BaseException]]:
        """Parts that stopped for good, by name."""
        parts: list[tuple[str, BaseException | None]] = [
            (f"consumer {consumer.name}", consumer.failure()) for consumer in self.consumers
        ]
        if self._relay is not None:
            parts.append((f"relay of {self.service.name}", self._relay.failure()))
        if self._timing is not None and self._timing.done() and not self._timing.cancelled():
            parts.append((f"timers of {self.service.name}", self._timing.exception()))
        return [(name, error) for name, error in parts if error is not None]

    async def standing(self) -> Standing:
        """How far it is. Raises the database's or the bus's error when that can't be known."""
        async with self.context.database.connection() as connection:
            waiting = await outbox.count_waiting(connection)
        looks = await asyncio.gather(*(consumer.progress() for consumer in self.consumers))
        positions = {
            (look.consumer, topic, partition): position
            for look in looks
            for (topic, partition), position in look.positions.items()
        }
        return Standing(waiting.rows, positions)

    async def _open_database(self, address: str) -> Database:
        return await Database.connect(
            address,
            application_name=f"sammen {self.service.name}",
            schema=self.service.name,
        )

    async def _flush(self, relay: Relay) -> None:
        give_up_at = asyncio.get_running_loop().time() + FLUSH_SECONDS_MAX
        while relay.active and relay.failure() is None and relay.trouble() is None:
            if asyncio.get_running_loop().time() > give_up_at:
                return
            async with self.context.database.connection() as connection:
                if (await outbox.count_waiting(connection)).rows == 0:
                    return
            await asyncio.sleep(FLUSH_LOOK_SECONDS)

    def _bus(self) -> Transport:
        assert self._transport is not None, "connect first"
        return self._transport


async def _patiently(connect: Callable[[], Awaitable[Database]]) -> Database:
    """Connect to a database that may still be starting."""
    give_up_at = asyncio.get_running_loop().time() + CONNECT_SECONDS_MAX
    while True:
        try:
            return await connect()
        except Exception as error:
            late = asyncio.get_running_loop().time() > give_up_at
            if late or fault_of(error) is not Fault.UNAVAILABLE:
                raise
            LOG.warning("database_unavailable", detail=str(error))
            await asyncio.sleep(CONNECT_RETRY_SECONDS)
