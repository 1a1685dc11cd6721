"""Records are CloudEvents by the judgement of CloudEvents' own SDK, written either way."""

from __future__ import annotations

import json

import pytest
from cloudevents.core.bindings.kafka import (
    KafkaMessage,
    from_binary,
    to_binary,
    to_structured,
)
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.contracts.base import Event
from shared.contracts.envelope import Decoded, decode, encode
from shared.contracts.registry import EVENTS
from shared.contracts.samples import SAMPLE_MUNICIPALITY, SAMPLES, sample_of

every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())


def foreign(event: type[Event]) -> CloudEvent:
    """The sample of an event as a program of others would make it."""
    sample, envelope = sample_of(event, SAMPLES[event])
    attributes = {
        "id": envelope.event_id,
        "type": envelope.event_type,
        "source": envelope.source,
        "time": envelope.time,
        "datacontenttype": "application/json",
        "causationid": envelope.causation_id,
        "correlationid": envelope.correlation_id,
        "traceparent": envelope.traceparent,
        "partitionkey": sample.partition_key(),
    }
    if envelope.subject is not None:
        attributes["subject"] = envelope.subject
    return CloudEvent(attributes, json.loads(sample.model_dump_json(exclude_none=True)))


def read(message: KafkaMessage, event: type[Event]) -> object:
    sample, _ = sample_of(event, SAMPLES[event])
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return decode(
        topic=sample.topic_name(SAMPLE_MUNICIPALITY),
        key=key,
        value=message.value,
        headers=list(message.headers.items()),
    )


@every_event
def test_their_sdk_reads_what_we_write(event: type[Event]) -> None:
    sample, envelope = sample_of(event, SAMPLES[event])
    record = encode(sample, envelope, municipality=SAMPLE_MUNICIPALITY)
    assert len(dict(record.headers)) == len(record.headers), "a header is written twice"
    theirs = from_binary(KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())
    assert isinstance(theirs, CloudEvent)
    assert theirs.get_data() == json.loads(record.value)
    assert theirs.get_specversion() == "1.0"
    assert theirs.get_id() == envelope.event_id
    assert theirs.get_source() == f"/sammen/{event.publisher}"
    assert theirs.get_type() == event.event_type()
    assert theirs.get_time() == envelope.time
    assert theirs.get_subject() == envelope.subject
    assert theirs.get_datacontenttype() == "application/json"
    assert theirs.get_dataschema() == f"urn:sammen:schema:{event.event_type()}"
    assert theirs.get_extension("causationid") == envelope.causation_id
    assert theirs.get_extension("correlationid") == envelope.correlation_id
    assert theirs.get_extension("partitionkey") == sample.partition_key()


@every_event
def test_we_read_what_their_sdk_writes(event: type[Event]) -> None:
    sample, envelope = sample_of(event, SAMPLES[event])
    for write in (to_binary, to_structured):
        assert read(write(foreign(event), JSONFormat()), event) == Decoded(envelope, sample)
