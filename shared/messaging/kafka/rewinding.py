"""Letting a group begin a topic anew."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicPartition

from shared.messaging.kafka.asking import Asking
from shared.messaging.transport import GroupBusyError, Place

REMEDY = (
    "stop its service first; one that was killed, or has a name in SAMMEN_KAFKA_INSTANCE, stays a "
    "member until its session is over, 45 s later"
)
BUSY = frozenset({KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP})


async def rewind(asking: Asking, group: str, begin_at: Mapping[Place, int]) -> None:
    """Set a group's offsets to what these partitions begin with.

    Raises GroupBusyError while the group has members, TransportForbiddenError,
    TransportUnavailableError.
    """
    offsets = [TopicPartition(*place, offset) for place, offset in begin_at.items()]
    change = ConsumerGroupTopicPartitions(group, offsets)
    changed = await asking.each(lambda: asking.client.alter_consumer_group_offsets([change]))
    for answer in changed.values():
        # Each partition has an answer of its own, also when the whole had none.
        errors = (
            [answer]
            if isinstance(answer, KafkaError)
            else [each.error for each in answer.topic_partitions if each.error]
        )
        for error in errors:
            if error.code() in BUSY:
                raise GroupBusyError(f"group {group} has members; {REMEDY}")
            raise asking.fault(error, f"move group {group}")
