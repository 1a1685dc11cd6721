"""Where a group stands on the brokers, and whether it can read on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition, errors

from shared.messaging.kafka.faults import faults_named
from shared.messaging.kafka.guard import TopicGuard
from shared.messaging.kafka.records import Read
from shared.messaging.kafka.tenure import DOUBT_LOOKS, Doubt, Gap, Tenure, find_gaps, gap_error
from shared.messaging.patience import Patience
from shared.messaging.transport import (
    Place,
    Position,
    TopicMismatchError,
    TransportUnavailableError,
    Whence,
)
from shared.observability.logs import Log

LOG = Log(__name__)

ANSWER_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where each partition is to be read from."""

    offsets: dict[TopicPartition, int]
    records_again: int
    """So many offsets lie between there and what the group had committed."""


@dataclass(frozen=True, slots=True)
class Told:
    """How far a group has come in a partition, as its offsets and as its database tell."""

    committed: int | None
    decided: int | None

    @property
    def needed(self) -> int | None:
        """The first record that must be there: what is decided may be gone."""
        return self.committed if self.decided is None else self.decided

    @property
    def reached(self) -> int | None:
        """Whatever lies before this was there once."""
        return max((at for at in (self.committed, self.decided) if at is not None), default=None)

    @property
    def next_offset(self) -> int:
        """Where to go on. Where only one of the two tells, all is read again."""
        if self.committed is None or self.decided is None:
            return 0
        return min(self.committed, self.decided)

    @property
    def heard(self) -> int:
        """So far others could see that the group had come."""
        return (self.reached or 0) if self.committed is None else self.committed


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
        self, group: str, guard: TopicGuard, whence: Whence | None, look_seconds: float
    ) -> None:
        self._group = group
        self._where = f"offsets of {group}"
        self._guard = guard
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
        decided = await self._decided(committed)
        # What the database can't say, the group is believed.
        told = {each: Told(at, decided.get(each, at)) for each, at in committed.items()}
        needed = {each: at for each in told if (at := told[each].needed) is not None}
        reached = {each: at for each in told if (at := told[each].reached) is not None}
        begin_at, gaps = await self._compare(needed, partitions, reached=reached)
        offsets = {each: max(told[each].next_offset, begin_at[each]) for each in told}
        again = sum(max(0, told[each].heard - offset) for each, offset in offsets.items())
        return Beginning(offsets, again), gaps

    async def find_gaps(self, offsets: Mapping[TopicPartition, int]) -> list[Gap]:
        """What can't be read on from these offsets."""
        _, gaps = await self._compare(offsets, offsets, reached=offsets)
        return gaps

    async def lost(self, offsets: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """Where less is decided than was when these offsets were committed."""
        decided = await self._decided(offsets)
        nothing = [
            each for each, offset in offsets.items() if offset and decided.get(each, 0) is None
        ]
        begin_at, _ = await self._compare({}, nothing, reached={})
        lost = []
        for each, offset in offsets.items():
            until = decided.get(each, offset)
            # Whoever has decided nothing begins with what there is, and comes no further.
            if (begin_at.get(each, 0) if until is None else until) < offset:
                lost.append(each)
        return lost

    async def require_no_gap(
        self, tenure: Tenure, records: Sequence[Read], *, stopping: Callable[[], bool]
    ) -> None:
        """Raise OffsetGapError when records between the last batch and this one are gone, or this
        one lies before it because the partition ends earlier now.

        Brokers that are away are waited for, unless the member stops.
        """
        patience = Patience()
        while True:
            try:
                await self._see_no_gap(tenure, records)
            except TransportUnavailableError as error:
                if stopping():
                    raise
                LOG.warning("bus_unavailable", detail=str(error))
                await asyncio.sleep(patience.lose())
            else:
                return

    async def _see_no_gap(self, tenure: Tenure, records: Sequence[Read]) -> None:
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
        end_at = await self._guard.offsets.readable_ends(decided)
        read: dict[TopicPartition, int] = {}
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                for each in decided:
                    with suppress(errors.IllegalStateError):  # it is just being taken back
                        read[each] = await consumer.position(each)
        # What was read and is in nobody's hand was no record: the mark that ends a transaction, one
        # that was aborted, what compaction left. It would count as not consumed for ever.
        passed = read if tenure.hands_free and decided == tenure.next_offsets else {}
        return {
            (each.topic, each.partition): _position(
                max(offset, passed.get(each, offset)), end_at[each.topic, each.partition]
            )
            for each, offset in decided.items()
        }

    async def _decided(
        self, offsets: Mapping[TopicPartition, int | None]
    ) -> Mapping[Place, int | None]:
        """What the group's database says, told what is committed."""
        if self._whence is None:
            return {}
        return await self._whence({(each.topic, each.partition): offsets[each] for each in offsets})

    async def _compare(
        self,
        offsets: Mapping[TopicPartition, int],
        partitions: Collection[TopicPartition],
        *,
        reached: Mapping[TopicPartition, int],
    ) -> tuple[Mapping[Place, int], list[Gap]]:
        try:
            begin_at = await self._guard.offsets.beginnings(partitions)
            end_at = await self._guard.offsets.ends(partitions)
        except TopicMismatchError as error:
            # It is gone, which the guard says with the remedy; or one broker has not met it yet.
            await self._guard.require_unchanged()
            raise TransportUnavailableError(str(error)) from error
        return begin_at, find_gaps(offsets, reached=reached, beginnings=begin_at, ends=end_at)


def _position(next_offset: int, end_offset: int) -> Position:
    return Position(next_offset, max(next_offset, end_offset))
