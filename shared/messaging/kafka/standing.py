"""Where a group stands on the brokers, and whether it can read on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.kafka.asking import Asking
from shared.messaging.kafka.faults import faults_named
from shared.messaging.kafka.offsets import Place, beginnings, ends
from shared.messaging.kafka.tenure import Gap, find_gaps

ANSWER_SECONDS_MAX: Final = 10.0

Offsets = dict[TopicPartition, int]


def is_behind(consumer: AIOKafkaConsumer, next_offsets: Mapping[TopicPartition, int]) -> bool:
    """Whether the brokers, when they last answered a fetch, had records from these offsets on."""
    held = consumer.assignment()
    return any(
        each in held and (consumer.highwater(each) or 0) > offset
        for each, offset in next_offsets.items()
    )


class Standing:
    """Asks the brokers on behalf of one group.

    Every method raises TransportUnavailableError when they don't answer in time,
    TransportForbiddenError when they won't, and TopicMismatchError when a partition is gone.
    """

    def __init__(self, group: str, asking: Asking) -> None:
        self._where = f"offsets of {group}"
        self._asking = asking

    async def beginning(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> tuple[Offsets, list[Gap]]:
        """The offset to read each partition from, and what stands in the way.

        A group that never committed an offset begins with what there is.
        """
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answers = await asyncio.gather(*map(consumer.committed, partitions))
        committed = dict(zip(partitions, answers, strict=True))
        known = {each: offset for each, offset in committed.items() if offset is not None}
        begin_at, gaps = await self._compare(known, partitions)
        offsets = {
            each: begin_at[each] if offset is None else offset for each, offset in committed.items()
        }
        return offsets, gaps

    async def find_gaps(self, offsets: Mapping[TopicPartition, int]) -> list[Gap]:
        """What can't be read on from these offsets."""
        _, gaps = await self._compare(offsets, offsets)
        return gaps

    async def ends(self, partitions: Collection[TopicPartition]) -> Mapping[Place, int]:
        """The offset the next record of each partition will have."""
        return await ends(self._asking, partitions)

    async def _compare(
        self, offsets: Mapping[TopicPartition, int], partitions: Collection[TopicPartition]
    ) -> tuple[Mapping[Place, int], list[Gap]]:
        begin_at = await beginnings(self._asking, partitions)
        end_at = await self.ends(partitions)
        return begin_at, find_gaps(offsets, beginnings=begin_at, ends=end_at)
