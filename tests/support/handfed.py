"""A bus whose batches the test hands over itself, and one that fails as the test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shared.messaging.steps import Steps
from shared.messaging.transport import (
    BatchHandler,
    Foresight,
    OutgoingRecord,
    Position,
    Record,
    Subscription,
    Whence,
)


class HandFedMember:
    """The one member of a group on a bus without a bus."""

    def __init__(self, handler: BatchHandler, steps: Steps) -> None:
        self._handler = handler
        self._steps = steps
        self.given_out = 0
        self._failure: BaseException | None = None
        self.places: dict[tuple[str, int], Position] = {}

    async def start(self) -> None:
        """Nothing needs starting."""

    async def stop(self) -> None:
        """Nothing is in flight but what the test awaits."""

    async def positions(self) -> Mapping[tuple[str, int], Position]:
        """What the test says."""
        return self.places

    def failure(self) -> BaseException | None:
        """What the handler raised."""
        return self._failure

    def rebalances(self) -> int:
        """What the test says."""
        return self.given_out

    async def deliver(self, batch: Sequence[Record]) -> None:
        """Give the handler a batch; raises what it raises, and is dead from then on."""
        assert self._failure is None, "a member that failed is given nothing more"
        self._steps.begin("fetch")
        try:
            await self._handler(batch)
        except BaseException as error:
            self._failure = error
            raise
        self._steps.begin("offsets")


class HandFedBus:
    """A bus that publishes into a list and delivers what the test gives it."""

    def __init__(self) -> None:
        self.published: list[OutgoingRecord] = []
        self.calls: list[list[OutgoingRecord]] = []
        self.before_publish: Callable[[Sequence[OutgoingRecord]], None] | None = None
        """Raises what publishing is to raise."""
        self.member: HandFedMember | None = None
        self.rebuilt = 0

    async def start(self) -> None:
        """Nothing needs starting."""

    async def close(self) -> None:
        """Nothing needs closing."""

    async def check_topics(self, topics: Mapping[str, int]) -> None:
        """Every topic is there."""

    async def identify(self, topics: Sequence[str]) -> Mapping[str, str]:
        """Every topic stays the one it is."""
        return dict.fromkeys(topics, "the only one")

    async def rewind(self, group: str, topic: str) -> None:
        """Nothing is kept to go back to."""

    async def publish(self, records: Sequence[OutgoingRecord]) -> None:
        """Store the records, unless the test says otherwise."""
        self.calls.append(list(records))
        if self.before_publish is not None:
            self.before_publish(records)
        self.published.extend(records)

    def producer_rebuilds(self) -> int:
        """As often as the test says."""
        return self.rebuilt

    def consumer(
        self,
        subscription: Subscription,
        handler: BatchHandler,
        steps: Steps | None = None,
        *,
        foresee: Foresight | None = None,  # noqa: ARG002 # a transport need not call it
        whence: Whence | None = None,
    ) -> HandFedMember:
        """The one member of the group."""
        self.subscription = subscription
        self.whence = whence
        self.member = HandFedMember(handler, steps or Steps())
        return self.member

    async def deliver(self, batch: Sequence[Record]) -> None:
        """Give the one member a batch."""
        assert self.member is not None, "start the consumer first"
        await self.member.deliver(batch)
