"""Where partitions begin and end, asked beside the connections that records come by.

A broker answers the requests of one connection in order, so behind a fetch that waits for records
a consumer's own question about offsets would wait, too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from confluent_kafka import IsolationLevel, KafkaError
from confluent_kafka import TopicPartition as LibraryPartition
from confluent_kafka.admin import OffsetSpec

from shared.messaging.kafka.asking import Asking
from shared.messaging.transport import Place, TransportUnavailableError

ANSWER_SECONDS_MAX: Final = 3.0
"""The library asks the leaders it knows of, and looks for new ones only when this time is over:
when one is dead, so long until the others are asked.
"""


async def beginnings(asking: Asking, places: Collection[Place]) -> dict[Place, int]:
    """The offset of the first record each partition still has, or will have.

    Raises TopicMismatchError for one that isn't there, TransportForbiddenError,
    TransportUnavailableError.
    """
    return await _list(asking, places, OffsetSpec.earliest())


async def ends(asking: Asking, places: Collection[Place]) -> dict[Place, int]:
    """The offset the next record of each partition will have. Raises as `beginnings`."""
    return await _list(asking, places, OffsetSpec.latest())


async def readable_ends(asking: Asking, places: Collection[Place]) -> dict[Place, int]:
    """As `ends`, but of what may be read: behind it a transaction is not decided yet."""
    return await _list(
        asking, places, OffsetSpec.latest(), isolation_level=IsolationLevel.READ_COMMITTED
    )


async def _list(
    asking: Asking,
    places: Collection[Place],
    which: OffsetSpec,
    *,
    isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
) -> dict[Place, int]:
    if not places:
        return {}
    asked = {LibraryPartition(*place): which for place in places}
    answers = await asking.each(
        lambda: asking.client.list_offsets(
            asked, request_timeout=ANSWER_SECONDS_MAX, isolation_level=isolation_level
        )
    )
    offsets = {}
    for partition, answer in answers.items():
        if isinstance(answer, KafkaError):
            raise asking.fault(answer, f"ask for offsets of {partition.topic}")
        if answer.offset < 0:
            # The library's "no offset" (-1001), seen while a partition had just lost its leader.
            raise TransportUnavailableError(
                f"{partition.topic}-{partition.partition}: its brokers name no offset yet"
            )
        offsets[partition.topic, partition.partition] = answer.offset
    return offsets
