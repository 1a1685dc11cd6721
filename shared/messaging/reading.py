"""What one consumer sees in a record: pure, and never raising, whatever lies on the bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, assert_never

from shared.contracts.envelope import Decoded, Malformed, Tombstone, UnknownType, decode
from shared.messaging.redaction import redacted_bytes
from shared.messaging.transport import Header, Record
from shared.messaging.work import Cause, Hears, Received

EVENT_ID_LENGTH_MAX: Final = 200
"""Longer ids are nobody's; the inbox's index could not hold any length."""

Kind = Literal["heard", "erased", "passed_by", "unknown_type", "malformed", "undecidable"]


@dataclass(slots=True)
class Reading:
    """A record and what this consumer is to do with it."""

    record: Record
    kind: Kind
    key: bytes | None
    """The key as it may be kept: a person number in it is masked."""
    event_id: str | None = None
    event_type: str | None = None
    received: Received[Any] | None = None
    reason: str = ""
    detail: str = ""

    @property
    def stops(self) -> tuple[str, bytes] | None:
        """The topic and key that wait if this record can't be decided; None without a key."""
        return None if self.key is None else (self.record.topic, self.key)


def read(record: Record, hears: Hears) -> Reading:
    """Read the record as this consumer does."""
    key = record.key
    seen = decode(topic=record.topic, key=key, value=record.value, headers=record.headers)
    match seen:
        case Decoded():
            reading = _of_event(record, key, seen, hears)
        case Tombstone():
            reading = _of_tombstone(record, key, hears)
        case UnknownType():
            reading = Reading(
                record, "unknown_type", key, seen.event_id, seen.event_type, reason="unknown_type"
            )
        case Malformed():
            # Nobody looked at the key of such a record; any other's holds no person number.
            key = None if key is None else redacted_bytes(key)
            reading = Reading(
                record, "malformed", key, seen.event_id, reason=seen.reason, detail=seen.detail
            )
        case _:
            assert_never(seen)
    return _with_usable_id(reading)


def condemn(reading: Reading, reason: str, detail: str) -> Reading:
    """The same record, now known to be undecidable."""
    return replace(reading, kind="undecidable", received=None, reason=reason, detail=detail)


def _of_event(record: Record, key: bytes | None, seen: Decoded, hears: Hears) -> Reading:
    envelope = seen.envelope
    if not isinstance(seen.event, hears.events):
        return Reading(record, "passed_by", key, envelope.event_id, envelope.event_type)
    received = Received(
        event=seen.event,
        event_id=envelope.event_id,
        occurred_at=envelope.time,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=_text(record.key),
        cause=Cause(
            event_id=envelope.event_id,
            correlation_id=envelope.correlation_id or envelope.event_id,
            traceparent=envelope.traceparent,
        ),
    )
    return Reading(record, "heard", key, envelope.event_id, envelope.event_type, received)


def _of_tombstone(record: Record, key: bytes | None, hears: Hears) -> Reading:
    if hears.on_erased is None:
        return Reading(record, "malformed", key, reason="no_value", detail="the value is null")
    assert key is not None, "a null value without a key is malformed"
    # An erasure that comes twice must not forget what was recorded in between.
    where = f"{record.topic}/{record.partition}/{record.offset}"
    return Reading(record, "erased", key, _header(record.headers, "ce_id") or where)


def _with_usable_id(reading: Reading) -> Reading:
    event_id = reading.event_id
    if event_id is None or (_is_storable(event_id) and len(event_id) <= EVENT_ID_LENGTH_MAX):
        return reading
    unusable = condemn(reading, "event_id_unusable", f"{len(event_id)} characters")
    return replace(unusable, kind="malformed", event_id=None)


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: it knows no NUL and no half characters."""
    return "\0" not in text and text.isprintable()


def _header(headers: Sequence[Header], name: str) -> str | None:
    for header, value in headers:
        if header.lower() == name and value:
            return value.decode("utf-8", "replace")
    return None


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "replace")
