"""A record that could not be decided, as it is kept: its shape, and its way into a row and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.database import Row
from shared.messaging.reading import Reading
from shared.messaging.redaction import redacted_bytes, storable_text
from shared.messaging.transport import Header, Record
from shared.values.persons import contains_person_number

State = Literal["dead", "parked", "unknown_type", "replayed", "discarded"]
TopicKey = tuple[str, bytes]
"""A topic and the key on it, as kept (masked)."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be decided, or waits behind one, and what was done about it."""

    id: int
    consumer: str
    record: Record
    redacted: bool
    """A person number in it was masked: it can't be replayed as it is."""
    event_id: str | None
    event_type: str | None
    state: State
    reason: str
    detail: str
    replays: int
    """How often a replay failed."""
    mended_value: bytes | None
    recorded_at: datetime
    decided_at: datetime | None
    note: str | None

    @property
    def key(self) -> TopicKey | None:
        """The topic and key that this letter stops, or waits on; None without a key."""
        return None if self.record.key is None else (self.record.topic, self.record.key)


def letter_values(reading: Reading, state: State) -> tuple[object, ...]:
    """What is kept of the record, masked, in the order of the columns of INSERT."""
    record = reading.record
    value = None if record.value is None else redacted_bytes(record.value)
    headers = tuple(_redacted_header(header) for header in record.headers)
    redacted = (reading.key, value, headers) != (record.key, record.value, record.headers)
    return (
        record.topic,
        record.partition,
        record.offset,
        record.appended_at,
        reading.key,
        value,
        _headers_text(headers),
        redacted,
        None if reading.event_id is None else storable_text(reading.event_id),
        None if reading.event_type is None else storable_text(reading.event_type),
        state,
        storable_text(reading.reason),
        storable_text(reading.detail),
    )


def _redacted_header(header: Header) -> Header:
    name, value = header
    kept = redacted_bytes(value) if value is not None else None
    return (storable_text(name) if contains_person_number(name) else name), kept


def _headers_text(headers: Sequence[Header]) -> str:
    """Header values are any bytes, and names any text: neither may stop us from keeping them."""
    return json.dumps(
        [
            (name, None if value is None else base64.b64encode(value).decode())
            for name, value in headers
        ]
    )


def letter_of(row: Row) -> DeadLetter:
    """The letter that a row with all columns holds."""
    headers = tuple(
        (name, None if value is None else base64.b64decode(value))
        for name, value in json.loads(row["headers"])
    )
    record = Record(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["record_offset"],
        key=row["key"],
        value=row["value"],
        headers=headers,
        appended_at=row["appended_at"],
    )
    return DeadLetter(
        id=row["id"],
        consumer=row["consumer"],
        record=record,
        redacted=row["redacted"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        state=row["state"],
        reason=row["reason"],
        detail=row["detail"],
        replays=row["replays"],
        mended_value=row["mended_value"],
        recorded_at=row["recorded_at"],
        decided_at=row["decided_at"],
        note=row["note"],
    )
