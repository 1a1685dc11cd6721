"""Where a group stands on the brokers, and whether it can read on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.kafka.asking import Asking
from shared.messaging.kafka.faults import faults_named
from shared.messaging.kafka.offsets import beginnings, ends, readable_ends
from shared.messaging.kafka.records import Read
from shared.messaging.kafka.tenure import DOUBT_LOOKS, Doubt, Gap, Tenure, find_gaps, gap_error
from shared.messaging.transport import Place, Position, Whence

ANSWER_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where each partition is to be read from."""

    offsets: dict[TopicPartition, int]
    records_again: int
    """So many offsets lie between there and what the group had committed."""


def is_behind(consumer: AIOKafkaConsumer, next_offsets: Mapping[TopicPartition, int]) -> bool:
    """Whether the brokers, when they last answered a fetch, had records from these offsets on."""
    held = consumer.assignment()
    return any(
        each in held and (consumer.last_stable_offset(each) or 0) > offset
        for each, offset in next_offsets.items()
    )


class Standing:
    """Asks the brokers on behalf of one group.

    Every method raises TransportUnavailableError when they don't answer in time,
    TransportForbiddenError when they won't, and TopicMismatchError when a partition is gone.
    """

    def __init__(
        self, group: str, asking: Asking, whence: Whence | None, look_seconds: float
    ) -> None:
        self._group = group
        self._where = f"offsets of {group}"
        self._asking = asking
        self._whence = whence
        self._look_seconds = look_seconds

    async def beginning(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> tuple[Beginning, list[Gap]]:
        """Where to begin, and what stands in the way.

        A group that never committed an offset, or decided no record, begins with what there is.
        """
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answers = await asyncio.gather(*map(consumer.committed, partitions))
        committed = dict(zip(partitions, answers, strict=True))
        decided = await self._whence(partitions) if self._whence else {}
        known: dict[TopicPartition, int] = {}
        # Where one of the two is not known all is read again; what the other reached must be there.
        reached: dict[TopicPartition, int] = {}
        for each, offset in committed.items():
            until = decided.get(each, offset)
            if offset is not None and until is not None:
                known[each] = min(offset, until)
            elif (at := offset if until is None else until) is not None:
                reached[each] = at
        begin_at, gaps = await self._compare({**known, **reached}, partitions)
        offsets = {each: known.get(each, begin_at[each]) for each in partitions}
        again = sum(max(0, (committed[each] or 0) - offset) for each, offset in offsets.items())
        return Beginning(offsets, again), gaps

    async def find_gaps(self, offsets: Mapping[TopicPartition, int]) -> list[Gap]:
        """What can't be read on from these offsets."""
        _, gaps = await self._compare(offsets, offsets)
        return gaps

    async def has_lost(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """Whether less is decided than was when these offsets were committed."""
        decided = await self._whence(offsets) if self._whence else {}
        none = [each for each, offset in offsets.items() if offset and decided.get(each, 0) is None]
        # Whoever has decided nothing begins with what there is, and comes no further.
        begin_at = await beginnings(self._asking, none)
        untils = {each: begin_at.get(each, 0) if at is None else at for each, at in decided.items()}
        return any(untils.get(each, offset) < offset for each, offset in offsets.items())

    async def require_no_gap(self, tenure: Tenure, records: Sequence[Read]) -> None:
        """Raise OffsetGapError when records between the last batch and this one are gone, or this
        one lies before it because the partition ends earlier now.
        """
        if jumps := tenure.jumps(records):
            gaps = await self.find_gaps(jumps)
            if gone := [gap for gap in gaps if not gap.may_pass]:
                raise gap_error(self._group, gone)
        if relapses := tenure.relapses(records):
            # Where a partition ends before that offset, aiokafka begins it anew and tells nobody.
            doubt = Doubt(self._group)
            while gaps := await self.find_gaps(relapses):
                doubt.weigh(gaps)
                await asyncio.sleep(self._look_seconds / DOUBT_LOOKS)

    async def positions(
        self, consumer: AIOKafkaConsumer, tenure: Tenure
    ) -> Mapping[Place, Position]:
        """How far the tenure has come in each of its partitions."""
        decided = dict(tenure.next_offsets)
        end_at = await readable_ends(self._asking, decided)
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                read = {each: await consumer.position(each) for each in decided}
        # What was read and is in nobody's hand was no record: the mark that ends a transaction, one
        # that was aborted, what compaction left. It would count as not consumed for ever.
        passed = read if tenure.hands_free and decided == tenure.next_offsets else {}
        return {
            (each.topic, each.partition): _position(
                max(offset, passed.get(each, offset)), end_at[each.topic, each.partition]
            )
            for each, offset in decided.items()
        }

    async def _compare(
        self, offsets: Mapping[TopicPartition, int], partitions: Collection[TopicPartition]
    ) -> tuple[Mapping[Place, int], list[Gap]]:
        begin_at = await beginnings(self._asking, partitions)
        end_at = await ends(self._asking, partitions)
        return begin_at, find_gaps(offsets, beginnings=begin_at, ends=end_at)


def _position(next_offset: int, end_offset: int) -> Position:
    return Position(next_offset, max(next_offset, end_offset))
