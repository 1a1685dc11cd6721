"""Where a group stands on the brokers, and whether it can read on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.kafka.faults import faults_named
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

    Every method raises TransportUnavailableError when they don't answer in time, and
    TransportForbiddenError when they won't.
    """

    def __init__(self, group: str) -> None:
        self._where = f"offsets of {group}"

    async def beginning(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> tuple[Offsets, list[Gap]]:
        """The offset to read each partition from, and what stands in the way.

        A group that never committed an offset begins with what there is.
        """
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                committed = {each: await consumer.committed(each) for each in partitions}
        known = {each: offset for each, offset in committed.items() if offset is not None}
        beginnings, gaps = await self._compare(consumer, known, partitions)
        offsets = {
            each: beginnings[each] if offset is None else offset
            for each, offset in committed.items()
        }
        return offsets, gaps

    async def find_gaps(
        self, consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]
    ) -> list[Gap]:
        """What can't be read on from these offsets."""
        _, gaps = await self._compare(consumer, offsets, [*offsets])
        return gaps

    async def ends(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> Offsets:
        """The offset the next record of each partition will have."""
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                ends: Offsets = await consumer.end_offsets([*partitions])
        return ends

    async def _compare(
        self,
        consumer: AIOKafkaConsumer,
        offsets: Mapping[TopicPartition, int],
        partitions: Collection[TopicPartition],
    ) -> tuple[Offsets, list[Gap]]:
        with faults_named(self._where):
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                beginnings: Offsets = await consumer.beginning_offsets([*partitions])
        ends = await self.ends(consumer, partitions)
        return beginnings, find_gaps(offsets, beginnings=beginnings, ends=ends)
