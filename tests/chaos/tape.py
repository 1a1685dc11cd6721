"""Everything the brokers keep, read back partition by partition, by a client that is not ours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from shared.messaging.kafka.access import KafkaAccess

READ_SECONDS_MAX: Final = 120.0
ANSWER_SECONDS_MAX: Final = 20.0


@dataclass(frozen=True, slots=True)
class TapeRecord:
    """One record where it lies."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    event_id: str


def read_tape(access: KafkaAccess, topics: Sequence[str]) -> list[TapeRecord]:
    """All records of these topics, in the order of their partitions."""
    reader = Consumer(
        {
            **access.for_librdkafka(),
            "group.id": "soak.witness",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 0,
        }
    )
    try:
        ends = _ends(reader, topics)
        reader.assign([TopicPartition(topic, number, 0) for topic, number in ends])
        return _read_to(reader, ends)
    finally:
        reader.close()


def _ends(reader: Consumer, topics: Sequence[str]) -> dict[tuple[str, int], int]:
    """Where each partition that holds anything ends."""
    known = reader.list_topics(timeout=ANSWER_SECONDS_MAX).topics
    ends = {}
    for topic in topics:
        for number in known[topic].partitions:
            low, end = reader.get_watermark_offsets(
                TopicPartition(topic, number), timeout=ANSWER_SECONDS_MAX
            )
            if end > low:
                ends[topic, number] = end
    return ends


def _read_to(reader: Consumer, ends: dict[tuple[str, int], int]) -> list[TapeRecord]:
    found: list[TapeRecord] = []
    open_ends = dict(ends)
    give_up_at = time.monotonic() + READ_SECONDS_MAX
    while open_ends:
        assert time.monotonic() < give_up_at, f"the brokers don't give out {open_ends}"
        for message in reader.consume(500, timeout=1.0):
            assert message.error() is None, str(message.error())
            record = _record(message)
            found.append(record)
            place = (record.topic, record.partition)
            if record.offset + 1 >= open_ends.get(place, 0):
                open_ends.pop(place, None)
    return found


def _record(message: Any) -> TapeRecord:  # noqa: ANN401 # its parts are optional only for errors
    event_id = dict(message.headers() or []).get("ce_id") or b""
    return TapeRecord(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key() or b"",
        message.value(),
        event_id.decode(),
    )
