"""What a partition's leader says of its offsets while it is only becoming one is no offset."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition, errors

from shared.messaging.kafka.offsets import offsets_in

TOPIC = "membership.events.v1"
NO_TIMESTAMP = -1


def answer(*partitions: tuple[int, int, int]) -> SimpleNamespace:
    """A leader's: number, error code and offset of each partition."""
    told = [(number, code, NO_TIMESTAMP, offset) for number, code, offset in partitions]
    return SimpleNamespace(topics=[(TOPIC, told)])


def test_offsets_are_taken_as_they_are() -> None:
    found = dict(offsets_in(answer((0, 0, 17), (5, 0, 0))))
    assert found == {TopicPartition(TOPIC, 0): 17, TopicPartition(TOPIC, 5): 0}


def test_what_a_later_version_tells_besides_is_passed_over() -> None:
    later = SimpleNamespace(topics=[(TOPIC, [(0, 0, NO_TIMESTAMP, 17, 3)])])
    assert dict(offsets_in(later)) == {TopicPartition(TOPIC, 0): 17}


@pytest.mark.parametrize("offset", [-1, -1001])
def test_no_offset_is_asked_for_again_and_never_taken_for_one(offset: int) -> None:
    with pytest.raises(errors.LeaderNotAvailableError, match=rf"{TOPIC}-0: no offset"):
        dict(offsets_in(answer((0, 0, offset))))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (3, errors.UnknownTopicOrPartitionError),
        (6, errors.NotLeaderForPartitionError),
        (29, errors.TopicAuthorizationFailedError),
    ],
)
def test_what_a_leader_refuses_is_told(code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"{TOPIC}-1"):
        dict(offsets_in(answer((0, 0, 4), (1, code, -1))))
