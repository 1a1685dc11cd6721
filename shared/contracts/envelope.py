"""An event travels as a CloudEvents 1.0 record in Kafka's binary mode: headers here, fields inside.

`encode` writes what every reader may rely on. `decode` reads what anyone may have written: it never
raises, and what it says of a record it can't take in never repeats what the record holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Final

import uuid_utils
from pydantic import ValidationError

from shared.contracts.attributes import (
    MalformedReason,
    UnreadableError,
    attributes_of,
    read_instant,
    read_key,
)
from shared.contracts.base import CODE_PLACEHOLDER, Event
from shared.contracts.complaints import (
    DuplicateFieldError,
    complain,
    holds_person_number,
    needs_a_closer_look,
    strict_json,
)
from shared.contracts.registry import COMPACTED_TOPICS, EVENT_TYPES

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
SPEC_VERSION_HEADER: Final = ("ce_specversion", SPEC_VERSION.encode())
CONTENT_TYPE_HEADER: Final = ("content-type", CONTENT_TYPE.encode())
INSTANTS_REMEMBERED_MAX: Final = 1_024
"""All events of one transaction share theirs."""


@dataclass(slots=True)
class Envelope:
    """What is said about an event beside what happened."""

    event_id: str
    """Unique for ever; whoever hears an id again has heard the event before."""
    event_type: str
    source: str
    time: datetime
    """When it became known: an instant, aware of its zone; UTC when decoded."""
    subject: str | None = None
    causation_id: str | None = None
    """Id of the event that led to this one."""
    correlation_id: str | None = None
    """Id of the report that began it all."""
    traceparent: str | None = None
    """W3C trace context of the work that published it."""


@dataclass(slots=True)
class EncodedEvent:
    """An event as it goes to the bus."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Decoded:
    """A record that holds an event."""

    envelope: Envelope
    event: Event


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record that erases its key."""

    key: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record nobody can take in as it is."""

    reason: MalformedReason
    detail: str
    """What is wrong, in one line of at most 600 characters, without what the record holds."""
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A record of a type, or a version of one, that this program doesn't know (yet)."""

    event_id: str
    event_type: str


def new_event_id() -> str:
    """A new id (UUID version 7: later ones sort later, as far as clocks can promise)."""
    return str(uuid_utils.uuid7())


def envelope_for(
    event: Event,
    *,
    time: datetime,
    event_id: str | None = None,
    causation_id: str | None = None,
    correlation_id: str | None = None,
    traceparent: str | None = None,
) -> Envelope:
    """The envelope of an event that became known at `time`, under a new id unless one is given."""
    return Envelope(
        event_id=event_id or new_event_id(),
        event_type=event.event_type(),
        source=event.source(),
        time=time,
        subject=event.subject(),
        causation_id=causation_id,
        correlation_id=correlation_id,
        traceparent=traceparent,
    )


@cache
def schema_address(event_type: str) -> str:
    """Name of an event's JSON Schema: the CloudEvents dataschema and the schema's `$id`."""
    return f"urn:sammen:schema:{event_type}"


@lru_cache(maxsize=INSTANTS_REMEMBERED_MAX)
def format_instant(instant: datetime) -> str:
    """An instant as RFC 3339 text in UTC, such as 2017-03-01T09:30:00Z."""
    assert instant.tzinfo is not None, "an instant needs its time zone"
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode(event: Event, envelope: Envelope, *, municipality: str | None = None) -> EncodedEvent:
    """Write an event as a record; fields that are None are left out, for null is as absent.

    `municipality` says on whose topic a report goes; other events know their topic.
    """
    assert envelope.event_type == event.event_type(), "the envelope belongs to another event"
    return EncodedEvent(
        topic=event.topic_name(municipality),
        key=event.partition_key().encode(),
        value=event.model_dump_json(exclude_none=True).encode(),
        headers=_headers(envelope),
    )


def _headers(envelope: Envelope) -> tuple[tuple[str, bytes], ...]:
    headers = [
        SPEC_VERSION_HEADER,
        ("ce_id", envelope.event_id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.event_type.encode()),
        ("ce_time", format_instant(envelope.time).encode()),
    ]
    if envelope.subject is not None:
        headers.append(("ce_subject", envelope.subject.encode()))
    headers.append(("ce_dataschema", schema_address(envelope.event_type).encode()))
    if envelope.causation_id is not None:
        headers.append(("ce_causationid", envelope.causation_id.encode()))
    if envelope.correlation_id is not None:
        headers.append(("ce_correlationid", envelope.correlation_id.encode()))
    headers.append(CONTENT_TYPE_HEADER)
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return tuple(headers)


def decode(
    *,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
) -> Decoded | Tombstone | Malformed | UnknownType:
    """Read a record, whatever it holds; never raises.

    Accepted beside what `encode` writes: header names in any case, headers that are null, doubled
    (the last readable one counts), not UTF-8 or left out, as long as id, type and time are there;
    a time with any offset; structured mode; fields this program doesn't know.
    """
    event_id: str | None = None
    try:
        key_text = read_key(key)
        if value is None:
            return _tombstone(topic, key_text)
        attributes, value = attributes_of(value, headers)
        event_id = attributes.get("ce_id")
        if event_id is None:
            raise UnreadableError("no_id", "there is no readable header ce_id")
        event_type = attributes.get("ce_type")
        if event_type is None:
            raise UnreadableError("no_type", "there is no readable header ce_type")
        model = EVENT_TYPES.get(event_type)
        if model is None:
            return UnknownType(event_id, event_type)
        time = read_instant(attributes.get("ce_time"))
        event = _read_event(model, value)
        _check_place(event, topic, key_text)
    except UnreadableError as error:
        return Malformed(error.reason, error.detail, event_id)
    envelope = Envelope(
        event_id=event_id,
        event_type=event_type,
        source=attributes.get("ce_source") or model.source(),
        time=time,
        subject=attributes.get("ce_subject"),
        causation_id=attributes.get("ce_causationid"),
        correlation_id=attributes.get("ce_correlationid"),
        traceparent=attributes.get("traceparent") or attributes.get("ce_traceparent"),
    )
    return Decoded(envelope, event)


def _tombstone(topic: str, key: str | None) -> Tombstone:
    if topic not in COMPACTED_TOPICS:
        raise UnreadableError("no_value", "a record without a value, on a topic that erases none")
    if key is None:
        raise UnreadableError("wrong_key", "a record that erases must have a key")
    return Tombstone(key)


def _read_event(model: type[Event], value: bytes) -> Event:
    try:
        event = model.model_validate_json(value, extra=model.unknown_fields)
        closer = needs_a_closer_look(value, fields_read=len(event.model_fields_set))
        unread = strict_json.decode(value.decode()) if closer else None
    except ValidationError as error:
        raise UnreadableError(_reason_of(error), complain(error)) from error
    except DuplicateFieldError as error:
        raise UnreadableError("duplicate_field", "a field is named twice") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not_json", "the value is no JSON") from error
    if holds_person_number(unread):
        raise UnreadableError("person_number", "a text holds a person number")
    return event


def _reason_of(error: ValidationError) -> MalformedReason:
    kinds = {each["type"] for each in error.errors(include_context=False, include_input=False)}
    if "json_invalid" in kinds:
        return "not_json"
    return "person_number" if "person_number" in kinds else "invalid_field"


def _check_place(event: Event, topic: str, key: str | None) -> None:
    """Refuse an event on a topic of another publisher: who may write there is its only witness."""
    if CODE_PLACEHOLDER in event.topic and not hasattr(event, "municipality"):
        before, after = event.topic.split(CODE_PLACEHOLDER)
        at_home = topic.startswith(before) and topic.endswith(after)
    else:
        at_home = topic == event.topic_name()
    if not at_home:
        raise UnreadableError("wrong_topic", f"belongs on {event.topic}")
    if event.compacted and key != event.partition_key():
        raise UnreadableError("wrong_key", f"the key must be the field {event.key_field}")
