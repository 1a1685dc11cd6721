"""Where partitions begin and end, asked beside the connections that records come by.

A broker answers the requests of one connection in order, so behind a fetch that waits for records
a consumer's own question about offsets would wait, too.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextvars import copy_context
from typing import Any, Final

from aiokafka import TopicPartition, errors
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.connections import close_when_interrupted, cut_off
from shared.messaging.kafka.faults import FORBIDDEN, NO_SUCH_TOPIC, faults_named
from shared.messaging.transport import Place

ANSWER_SECONDS_MAX: Final = 3.0
"""For one answer of one broker, after which others are asked who leads now."""

QUESTION_SECONDS_MAX: Final = 4.0
"""The watchdog wants to hear within 10 s how far a member is, half of which may pass before it has
partitions at all.
"""
RETRY_SECONDS: Final = 0.1

EARLIEST, LATEST = -2, -1
READ_UNCOMMITTED, READ_COMMITTED = 0, 1
NO_REPLICA, NO_LEADER = -1, -1
"""The protocol's words for the beginning, the end, which end, "I am no broker" and "nobody leads".
"""


class Offsets:
    """One user's questions about offsets. One event loop asks them; it connects by itself, also
    again.

    Every question is answered within 4 s, or raises TransportUnavailableError. A partition that
    isn't there raises TopicMismatchError, one closed to the user TransportForbiddenError.

    Not through librdkafka: what it reads while it looks for the leaders of partitions, another of
    its threads may have freed, and the process ends with a segmentation fault.
    """

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access
        self._client: AIOKafkaClient | None = None
        self._connecting = asyncio.Lock()
        self._leaders: dict[TopicPartition, int] = {}
        # Connections outlive the question they were made for, and keep the context of their making:
        # a batch, where FastStream asks.
        self._context = copy_context()

    async def close(self) -> None:
        """Let go of the connections; safe twice and before use."""
        client, self._client = self._client, None
        if client is not None:
            await cut_off(client)

    async def beginnings(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset of the first record each partition still has, or will have."""
        return await self._find(places, EARLIEST, READ_UNCOMMITTED)

    async def ends(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset the next record of each partition will have."""
        return await self._find(places, LATEST, READ_UNCOMMITTED)

    async def readable_ends(self, places: Collection[Place]) -> dict[Place, int]:
        """As `ends`, but of what may be read: behind it a transaction is not decided yet."""
        return await self._find(places, LATEST, READ_COMMITTED)

    async def _find(
        self, places: Collection[Place], which: int, isolation_level: int
    ) -> dict[Place, int]:
        if not places:
            return {}
        partitions = [TopicPartition(*place) for place in places]
        with faults_named(f"offsets at {self._access.bootstrap_servers}"):
            found = await asyncio.create_task(
                self._ask_patiently(partitions, which, isolation_level),
                name="asking for offsets",
                context=self._context.copy(),
            )
        return {(each.topic, each.partition): offset for each, offset in found.items()}

    async def _ask_patiently(
        self, partitions: Sequence[TopicPartition], which: int, isolation_level: int
    ) -> dict[TopicPartition, int]:
        give_up_at = asyncio.get_running_loop().time() + QUESTION_SECONDS_MAX
        try:
            async with asyncio.timeout_at(give_up_at):
                while True:
                    try:
                        return await self._ask(partitions, which, isolation_level)
                    except errors.KafkaError as error:
                        for each in partitions:
                            self._leaders.pop(each, None)
                        late = asyncio.get_running_loop().time() + RETRY_SECONDS > give_up_at
                        if late or isinstance(error, (*FORBIDDEN, *NO_SUCH_TOPIC)):
                            raise
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError:
            await self.close()
            raise

    async def _ask(
        self, partitions: Sequence[TopicPartition], which: int, isolation_level: int
    ) -> dict[TopicPartition, int]:
        client = await self._connected()
        if not self._leaders.keys() >= {*partitions}:
            await self._look_for_leaders(client, {each.topic for each in partitions})
        led: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for topic, partition in partitions:
            leader = self._leaders.get(TopicPartition(topic, partition))
            if leader is None:
                raise errors.UnknownTopicOrPartitionError(f"{topic}-{partition}")
            if leader == NO_LEADER:
                raise errors.LeaderNotAvailableError(f"{topic}-{partition}")
            led[leader][topic].append((partition, which))
        answers = await asyncio.gather(
            *(
                client.send(leader, OffsetRequest(NO_REPLICA, isolation_level, [*asked.items()]))
                for leader, asked in led.items()
            )
        )
        return dict(found for answer in answers for found in offsets_in(answer))

    async def _look_for_leaders(self, client: AIOKafkaClient, topics: Collection[str]) -> None:
        # What it asks by itself may create a topic.
        question = MetadataRequest(sorted(topics), allow_auto_topic_creation=False)
        cluster = ClusterMetadata()
        cluster.update_metadata(await client.send(client.get_random_node(), question))
        if forbidden := cluster.unauthorized_topics:
            raise errors.TopicAuthorizationFailedError(", ".join(sorted(forbidden)))
        for topic in topics:
            for number in cluster.partitions_for_topic(topic) or ():
                place = TopicPartition(topic, number)
                self._leaders[place] = cluster.leader_for_partition(place)

    async def _connected(self) -> AIOKafkaClient:
        async with self._connecting:
            if self._client is None:
                close_when_interrupted()
                options: dict[str, Any] = self._access.for_aiokafka()
                client = AIOKafkaClient(
                    **options, request_timeout_ms=int(ANSWER_SECONDS_MAX * 1000)
                )
                try:
                    await client.bootstrap()
                except BaseException:
                    await cut_off(client)
                    raise
                self._client = client
            return self._client


def offsets_in(answer: Any) -> Iterator[tuple[TopicPartition, int]]:  # noqa: ANN401 - aiokafka's
    """What a leader says of its partitions. Raises the KafkaError it says instead."""
    for topic, partitions in answer.topics:
        for number, code, _timestamp, offset, *_ in partitions:
            place = TopicPartition(topic, number)
            error = errors.for_code(code)
            if error is not errors.NoError:
                raise error(f"{topic}-{number}")
            if offset < 0:
                # Seen while a partition had just lost its leader.
                raise errors.LeaderNotAvailableError(f"{topic}-{number}: no offset yet")
            yield place, offset
