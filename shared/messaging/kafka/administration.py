"""What a cluster says about its topics and groups to one of its users."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import errors
from aiokafka.client import AIOKafkaClient, CoordinationType
from confluent_kafka import KafkaError, TopicCollection
from confluent_kafka.admin import AclOperation, ClusterMetadata

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.asking import CALL_SECONDS_MAX, Asking
from shared.messaging.kafka.connections import close_when_interrupted, cut_off
from shared.messaging.kafka.faults import faults_named
from shared.messaging.kafka.offsets import Offsets
from shared.messaging.transport import TransportForbiddenError, TransportUnavailableError

PING_SECONDS_MAX: Final = 5.0
COORDINATOR_SECONDS_MAX: Final = 3.0
"""For one answer on the way to the coordinator of a group; it is asked again until the time is up.
"""

COORDINATOR_RETRY_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class DescribedTopic:
    """A topic as the cluster has it, and what we may do there."""

    name: str
    topic_id: str
    """Another one when a topic of this name was deleted and made again; empty when we may not
    look at it.
    """
    partitions: int
    may_write: bool
    may_read: bool


class Administration:
    """A user's view of a cluster. One event loop uses it; it connects by itself, also again.

    Every method answers within 15 s, or raises TransportUnavailableError; a wrong password is a
    TransportForbiddenError at once.
    """

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access
        self.asking = Asking(access)
        self.offsets = Offsets(access)

    async def close(self) -> None:
        """Let go of the connections; safe twice and before use."""
        await self.asking.close()
        await self.offsets.close()

    async def ping(self, *, seconds_max: float = PING_SECONDS_MAX) -> int:
        """The number of brokers at present.

        Raises TransportUnavailableError when none answers within `seconds_max`, and as the first
        question at once when none can be reached.
        """
        cluster = await self.asking.one(
            lambda: self.asking.client.describe_cluster(request_timeout=seconds_max),
            seconds_max=seconds_max,
            fail_fast=True,
        )
        return len(cluster.nodes)

    async def describe_topics(self, names: Sequence[str]) -> dict[str, DescribedTopic]:
        """Each of the topics by its name; those that are missing are left out.

        One that this user may not even look at is given as one without partitions that may be
        neither written nor read; it may be missing, too.
        """
        if not names:
            return {}
        answers = await self.asking.each(
            lambda: self.asking.client.describe_topics(
                TopicCollection(list(names)),
                include_authorized_operations=True,
                request_timeout=CALL_SECONDS_MAX,
            )
        )
        found = {}
        for name, answer in answers.items():
            if not isinstance(answer, KafkaError):
                allowed = answer.authorized_operations or []
                found[name] = DescribedTopic(
                    name=name,
                    topic_id=str(answer.topic_id),
                    partitions=len(answer.partitions),
                    may_write=AclOperation.WRITE in allowed,
                    may_read=AclOperation.READ in allowed,
                )
            elif answer.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                found[name] = DescribedTopic(name, "", 0, may_write=False, may_read=False)
            elif answer.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise self.asking.fault(answer, f"look at topic {name}")
        return found

    async def list_topic_names(self) -> list[str]:
        """The topics this user may look at, in alphabetical order, Kafka's own left out."""
        metadata = await self.asking.one(
            lambda: asyncio.get_running_loop().run_in_executor(None, self._metadata)
        )
        return sorted(name for name in metadata.topics if not name.startswith("__"))

    async def may_see_group(self, group: str) -> bool:
        """Whether this user may know of the group, as everybody does who may join it."""
        with faults_named(f"looking for the coordinator of {group}"):
            async with asyncio.timeout(CALL_SECONDS_MAX):
                return await self._is_open(group)

    async def _is_open(self, group: str) -> bool:
        give_up_at = asyncio.get_running_loop().time() + CALL_SECONDS_MAX - COORDINATOR_SECONDS_MAX
        while True:
            try:
                await self._find_coordinator(group)
            except TransportForbiddenError:
                return False
            except TransportUnavailableError:
                # A coordinator that is only just being found answers with an error of any kind.
                if asyncio.get_running_loop().time() > give_up_at:
                    raise
                await asyncio.sleep(COORDINATOR_RETRY_SECONDS)
            else:
                return True

    async def _find_coordinator(self, group: str) -> None:
        """Ask through aiokafka: librdkafka ends the process when the answer comes late."""
        close_when_interrupted()
        options: dict[str, Any] = self._access.for_aiokafka()
        # For each step by itself: a broker that hangs is left for another one, a slow one is not.
        client = AIOKafkaClient(**options, request_timeout_ms=int(COORDINATOR_SECONDS_MAX * 1000))
        try:
            with faults_named(f"looking for the coordinator of {group}"):
                await client.bootstrap()
                if client.get_random_node() is None:
                    # So answers a broker that the others have not missed yet, or not met.
                    raise errors.BrokerNotAvailableError("no broker is up")
                await client.coordinator_lookup(CoordinationType.GROUP, group)
        finally:
            await cut_off(client)

    def _metadata(self) -> ClusterMetadata:
        """The library has no way to ask for this without holding up a thread."""
        return self.asking.client.list_topics(timeout=CALL_SECONDS_MAX)
