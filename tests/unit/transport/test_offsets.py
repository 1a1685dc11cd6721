"""What a partition's brokers say of its offsets while nobody leads it is no offset."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from shared.messaging.kafka.offsets import beginnings
from shared.messaging.transport import TransportUnavailableError

PLACE = ("membership.events.v1", 0)


class Brokers:
    """Stands for the asking, with one answer."""

    def __init__(self, offset: int) -> None:
        self.client = None
        self._offset = offset

    async def each(self, _ask: object) -> dict[TopicPartition, Any]:
        return {TopicPartition(*PLACE): SimpleNamespace(offset=self._offset)}


async def _beginning(offset: int) -> dict[tuple[str, int], int]:
    brokers: Any = Brokers(offset)
    return await beginnings(brokers, [PLACE])


async def test_an_offset_is_taken_as_it_is() -> None:
    assert await _beginning(17) == {PLACE: 17}


@pytest.mark.parametrize("offset", [-1, -1001])
async def test_no_offset_is_asked_for_again_and_never_taken_for_one(offset: int) -> None:
    with pytest.raises(TransportUnavailableError, match="no offset yet"):
        await _beginning(offset)
