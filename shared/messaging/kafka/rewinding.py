"""Letting a group begin a topic anew."""

from __future__ import annotations

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec

from shared.messaging.kafka.asking import Asking
from shared.messaging.transport import GroupBusyError

BUSY = frozenset({KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP})


async def rewind(asking: Asking, group: str, topic: str, partitions: int) -> None:
    """Set a group's offsets of a topic to what the topic begins with.

    Raises GroupBusyError while the group has members, TransportForbiddenError,
    TransportUnavailableError.
    """
    client = asking.client
    earliest = {
        TopicPartition(topic, number): OffsetSpec.earliest() for number in range(partitions)
    }
    found = await asking.each(lambda: client.list_offsets(earliest))
    offsets = []
    for partition, answer in found.items():
        if isinstance(answer, KafkaError):
            raise asking.fault(answer, f"read {topic}")
        offsets.append(TopicPartition(topic, partition.partition, answer.offset))
    change = ConsumerGroupTopicPartitions(group, offsets)
    changed = await asking.each(lambda: client.alter_consumer_group_offsets([change]))
    for answer in changed.values():
        # Each partition has an answer of its own, also when the whole had none.
        errors = (
            [answer]
            if isinstance(answer, KafkaError)
            else [each.error for each in answer.topic_partitions if each.error]
        )
        for error in errors:
            if error.code() in BUSY:
                raise GroupBusyError(f"group {group} has members; stop its service first")
            raise asking.fault(error, f"move group {group}")
