"""Membership's relay on a bus that does what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from shared.messaging.relay import Relay
from shared.messaging.transport import OutgoingRecord, TransportForbiddenError
from shared.observability.metrics import Metrics
from tests.support.handfed import HandFedBus
from tests.support.messaging import (
    HASTY,
    World,
    count_rows,
    open_database,
)
from tests.support.waiting import until

CONTACTS = "membership.contacts.v1"


@dataclass
class Post:
    """Membership's relay to a bus that does what the test says."""

    world: World
    bus: HandFedBus = field(default_factory=HandFedBus)
    metrics: Metrics = field(default_factory=Metrics)

    @asynccontextmanager
    async def relay(self, *, batch_rows_max: int = 1000) -> AsyncIterator[Relay]:
        """A relay at work."""
        async with AsyncExitStack() as stack:
            url = self.world.url("membership")
            relay = Relay(
                "membership",
                database=await open_database(stack, url, "membership"),
                transport=self.bus,
                clock=self.world.clock,
                metrics=self.metrics,
                policy=HASTY,
                batch_rows_max=batch_rows_max,
            )
            stack.push_async_callback(relay.stop)
            await relay.start()
            yield relay

    def refuse_contacts(self, is_closed: Callable[[], bool]) -> None:
        """Have the bus forbid membership's contacts whenever they are closed."""

        def refuse(records: Sequence[OutgoingRecord]) -> None:
            if any(record.topic == CONTACTS for record in records) and is_closed():
                raise TransportForbiddenError(f"membership may not write {CONTACTS}")

        self.bus.before_publish = refuse

    async def waiting(self) -> int:
        """Rows the bus has not taken."""
        return await count_rows(self.world.membership, "outbox_waiting")

    async def drained(self) -> None:
        """Wait until the outbox is empty."""

        async def empty() -> bool:
            return await self.waiting() == 0

        await until(empty, what="the outbox is empty")

    def keys(self) -> list[str]:
        """Keys of what was published, in order."""
        return [(record.key or b"").decode() for record in self.bus.published]


def is_about(record: OutgoingRecord, cvr: str) -> bool:
    """Whether the record has the company as its key."""
    return record.key == cvr.encode()
