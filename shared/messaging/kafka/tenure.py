"""A tenure: what a member knows of the partitions it was given, until they are taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.kafka.records import Read
from shared.messaging.transport import OffsetGapError, Place, TransportUnavailableError
from shared.observability.logs import Log

LOG = Log(__name__)

REMEDY = (
    "find out what was lost, have its publisher send it again (`sammen republish`), and let the "
    "group begin anew (`sammen rewind`)"
)

DOUBT_LOOKS: Final = 5
"""So many looks in a row must find a partition shorter than it was, before that is believed."""


@dataclass(slots=True)
class Tenure:
    """Partitions held from one rebalance to the next; nothing is delivered before `begun`."""

    partitions: frozenset[TopicPartition]
    next_offsets: dict[TopicPartition, int] = field(default_factory=dict)
    """The offset each partition goes on from: what is before it was decided and committed."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no batch of these partitions is in flight."""
    at_hand: bool = False
    """A batch of them was read, and waits until the one in flight is done."""
    astray: bool = False
    """The member may have read on from elsewhere: what it reads first is not what comes next."""
    lost: bool = False
    """The database lacks decisions about them: they are begun again before another batch."""
    closing: bool = False
    """The group takes the partitions back as soon as no batch is in flight."""

    def __post_init__(self) -> None:
        self.idle.set()

    @property
    def active(self) -> bool:
        """Whether batches may be decided: begun, and not ended."""
        return self.begun.is_set() and not self.ended.is_set()

    @property
    def takes_batches(self) -> bool:
        """Whether another batch may begin."""
        return self.active and not self.closing

    @property
    def hands_free(self) -> bool:
        """Whether all that was read of these partitions is decided."""
        return self.takes_batches and self.idle.is_set() and not self.at_hand

    def begin(self, consumer: AIOKafkaConsumer, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Let batches be delivered, from these offsets on; nothing when it has ended meanwhile."""
        if self.ended.is_set():
            return
        self.next_offsets = dict(next_offsets)
        if self.astray:
            turn_to(consumer, self.next_offsets)
        self.begun.set()

    async def wait_until_active(self) -> bool:
        """Wait for the beginning or the end, whichever comes first; whether it is active now."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.begun, self.ended)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self.active

    def jumps(self, records: Sequence[Read]) -> dict[TopicPartition, int]:
        """The next offset of each partition whose first record lies beyond it.

        A compacted topic may jump, and so does one that a transaction's marker lies in; records
        before the next offset come again after a rebalance and are no jump.
        """
        return {
            partition: self.next_offsets[partition]
            for partition, offset in first_offsets(records).items()
            if offset > self.next_offsets[partition]
        }

    def relapses(self, records: Sequence[Read]) -> dict[TopicPartition, int]:
        """The next offset of each partition whose first record lies before it."""
        return {
            partition: self.next_offsets[partition]
            for partition, offset in first_offsets(records).items()
            if offset < self.next_offsets[partition]
        }

    def advance(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note what was committed."""
        self.next_offsets.update(offsets)


def first_offsets(records: Iterable[Read]) -> dict[TopicPartition, int]:
    """The offset of the first record of each partition; records of one lie in their order."""
    firsts: dict[Place, int] = {}
    for record in records:
        firsts.setdefault((record.topic, record.partition), record.offset)
    return {TopicPartition(*place): offset for place, offset in firsts.items()}


def offsets_after(records: Iterable[Read]) -> dict[TopicPartition, int]:
    """The offset each partition goes on from after these records."""
    lasts: dict[Place, int] = {(each.topic, each.partition): each.offset for each in records}
    return {TopicPartition(*place): offset + 1 for place, offset in lasts.items()}


@dataclass(frozen=True, slots=True)
class Gap:
    """A partition that can't be read on, and why."""

    what: str
    may_pass: bool
    """A partition that has just moved to another broker may say for a moment that it ends earlier.
    """


@dataclass(slots=True)
class Doubt:
    """Looks that found gaps which may pass, one after the other, and whether there are looks."""

    group: str
    looks: int = 0
    sees: bool = True

    def weigh(self, gaps: Sequence[Gap]) -> None:
        """Count what one more look found. Raises OffsetGapError when it must be believed."""
        self.sees = True
        self.looks = self.looks + 1 if gaps else 0
        if self.looks >= DOUBT_LOOKS or not all(gap.may_pass for gap in gaps):
            raise gap_error(self.group, gaps)

    def see_nothing(self, error: TransportUnavailableError) -> None:
        """Say that no look is possible, once: nobody else speaks of brokers that only listen."""
        (LOG.warning if self.sees else LOG.debug)(
            "bus_unavailable", group=self.group, detail=str(error)
        )
        self.sees = False


def find_gaps(
    next_offsets: Mapping[TopicPartition, int],
    *,
    reached: Mapping[TopicPartition, int],
    beginnings: Mapping[Place, int],
    ends: Mapping[Place, int],
) -> list[Gap]:
    """Partitions that begin after the offset they are to be read from, or end before one that was
    reached.
    """
    gaps = []
    for partition, offset in next_offsets.items():
        where = f"{partition.topic}-{partition.partition} from offset"
        until = reached[partition]
        if (beginning := beginnings.get(partition, 0)) > offset:
            gaps.append(Gap(f"{where} {offset}, but it begins at {beginning}", may_pass=False))
        elif (end := ends.get(partition, until)) < until:
            gaps.append(Gap(f"{where} {until}, but it ends at {end}", may_pass=True))
    return gaps


def turn_to(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
    """Read each partition from its offset on; one that was taken back meanwhile is left alone."""
    held = consumer.assignment()
    for partition, offset in offsets.items():
        if partition in held:
            consumer.seek(partition, offset)


def gap_error(group: str, gaps: Iterable[Gap]) -> OffsetGapError:
    """The error that stops a consumer for good, with what a person can do about it."""
    said = "; ".join(gap.what for gap in gaps)
    return OffsetGapError(f"group {group} would read {said}. Remedy: {REMEDY}.")
