"""A record as aiokafka hands it over, as the transport promises it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from aiokafka import ConsumerRecord

from shared.messaging.transport import Record

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_MAX: Final = 253_402_300_799_000
"""The last millisecond a datetime can hold; a record may claim any."""


Read = ConsumerRecord[bytes | None, bytes | None]
"""A record as aiokafka hands it over."""


def record_of(read: Read) -> Record:
    """The record. An instant that no calendar has becomes the nearest that it has."""
    milliseconds = min(max(read.timestamp, 0), MILLISECONDS_MAX)
    return Record(
        topic=read.topic,
        partition=read.partition,
        offset=read.offset,
        key=read.key,
        value=read.value,
        headers=tuple(read.headers),
        appended_at=EPOCH + timedelta(milliseconds=milliseconds),
    )
