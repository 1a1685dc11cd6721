"""Apache Kafka as one user sees it: publishing, members of groups, and what the topics are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final
from weakref import WeakSet

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.administration import Administration
from shared.messaging.kafka.consumer import KafkaConsumer
from shared.messaging.kafka.delivering import Ear
from shared.messaging.kafka.faults import GRANT
from shared.messaging.kafka.guard import TopicGuard, matching_topics
from shared.messaging.kafka.publishing import PUBLISH_SECONDS_MAX, Partition, Publisher
from shared.messaging.kafka.rewinding import rewind
from shared.messaging.kafka.shell import SessionTimes
from shared.messaging.partitioner import partitions_of
from shared.messaging.steps import Steps
from shared.messaging.topic_mismatch import abridged, require_topics
from shared.messaging.transport import (
    BatchHandler,
    Foresight,
    OutgoingRecord,
    Subscription,
    TopicMismatchError,
    TransportForbiddenError,
    TransportUnavailableError,
    Whence,
)

START_SECONDS_MAX: Final = 30.0
START_RETRY_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 5.0
"""How often a member looks whether its topics are still the ones it knew."""


class KafkaTransport:
    """A cluster as the user in `access` may use it.

    `instance` names this process among those of the same service (a pod's name): a member with a
    name gets its partitions back when it returns within its session, and nothing moves meanwhile.
    """

    def __init__(
        self,
        access: KafkaAccess,
        *,
        instance: str | None = None,
        times: SessionTimes | None = None,
        look_seconds: float = LOOK_SECONDS,
        publish_seconds_max: float = PUBLISH_SECONDS_MAX,
    ) -> None:
        self._access = access
        self._instance = instance
        self._times = times or SessionTimes()
        self._look_seconds = look_seconds
        self._administration = Administration(access)
        self._publisher = Publisher(access, publish_seconds_max=publish_seconds_max)
        # One that runs is kept by its own tasks; one that was let go of is forgotten.
        self._consumers: WeakSet[KafkaConsumer] = WeakSet()
        self._partition_counts: dict[str, int] = {}
        self._expected_counts: dict[str, int] = {}
        self._keyless = count()

    async def start(self) -> None:
        """See Transport.start. Raises TransportForbiddenError for a wrong password."""
        # While a broker is away it writes several lines a second, of which ours say the same.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + START_SECONDS_MAX
        while True:
            try:
                await self._administration.ping()
                return
            except TransportUnavailableError:
                if loop.time() >= give_up_at:
                    raise
            await asyncio.sleep(START_RETRY_SECONDS)

    async def close(self) -> None:
        """See Transport.close; a consumer still at work is cut off."""
        for consumer in list(self._consumers):
            await consumer.abandon()
        self._consumers.clear()
        await self._publisher.close()
        await self._administration.close()

    async def check_topics(self, topics: Mapping[str, int]) -> None:
        """See Transport.check_topics. What publishes here holds to these numbers from now on: with
        other ones the records of a key would lie in another partition than those before them.
        """
        self._expected_counts.update(topics)
        found = await self._administration.describe_topics([*topics])
        closed = [name for name, topic in found.items() if not (topic.may_read or topic.may_write)]
        if closed:
            raise TransportForbiddenError(
                f"{abridged(closed)}: closed to this user, or missing; {GRANT}"
            )
        require_topics(topics, {name: topic.partitions for name, topic in found.items()})

    async def identify(self, topics: Sequence[str]) -> Mapping[str, str]:
        """See Transport.identify: Kafka gives every topic an id of its own."""
        found = await matching_topics(self._administration, topics)
        return {name: topic.topic_id for name, topic in found.items() if topic.may_read}

    async def rewind(self, group: str, topic: str) -> None:
        """See Transport.rewind."""
        found = (await self._administration.describe_topics([topic])).get(topic)
        if found is None or not found.may_read:
            raise TopicMismatchError(f"{topic}: no such topic, or closed to this user")
        places = [(topic, number) for number in range(found.partitions)]
        begin_at = await self._administration.offsets.beginnings(places)
        await rewind(self._administration.asking, group, begin_at)

    async def publish(self, records: Sequence[OutgoingRecord]) -> None:
        """See Transport.publish."""
        if not records:
            return
        await self._count_partitions({record.topic for record in records})
        numbers = partitions_of(records, self._partition_counts, keyless=next(self._keyless))
        by_partition: dict[Partition, list[OutgoingRecord]] = {}
        for record, number in zip(records, numbers, strict=True):
            by_partition.setdefault((record.topic, number), []).append(record)
        await self._open_publisher()
        try:
            await self._publisher.publish(by_partition)
        except (TopicMismatchError, TransportForbiddenError):
            self._partition_counts.clear()
            raise

    def producer_rebuilds(self) -> int:
        """See Transport.producer_rebuilds."""
        return self._publisher.rebuilds

    def consumer(
        self,
        subscription: Subscription,
        handler: BatchHandler,
        steps: Steps | None = None,
        *,
        foresee: Foresight | None = None,
        whence: Whence | None = None,
    ) -> KafkaConsumer:
        """See Transport.consumer."""
        consumer = KafkaConsumer(
            self._access,
            subscription,
            Ear(handler, foresee, whence, steps or Steps()),
            TopicGuard(self._administration, subscription),
            times=self._times,
            instance=self._instance,
            look_seconds=self._look_seconds,
        )
        self._consumers.add(consumer)
        return consumer

    async def _open_publisher(self) -> None:
        """Connect, or say what is wrong: aiokafka calls a wrong password "unable to bootstrap"."""
        try:
            await self._publisher.open()
        except TransportUnavailableError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise  # nobody answered at all
            # One that is connected already would not be asked for its password.
            asking_anew = Administration(self._access)
            try:
                await asking_anew.ping()
            finally:
                await asking_anew.close()
            raise

    async def _count_partitions(self, names: set[str]) -> None:
        unknown = sorted(names - self._partition_counts.keys())
        if not unknown:
            return
        for name, topic in (await self._administration.describe_topics(unknown)).items():
            if not topic.may_write:
                raise TransportForbiddenError(
                    f"{name}: this user may not write, or there is no such topic; {GRANT}"
                )
            if name in self._expected_counts:
                require_topics({name: self._expected_counts[name]}, {name: topic.partitions})
            self._partition_counts[name] = topic.partitions
        missing = sorted(names - self._partition_counts.keys())
        if missing:
            raise TopicMismatchError(
                f"{', '.join(missing)}: no such topic; run `sammen topics create`"
            )
