"""Events on the wire: what we write, and what we read of others."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from shared.contracts.base import Event
from shared.contracts.envelope import (
    Decoded,
    Tombstone,
    UnknownType,
    decode,
    encode,
    envelope_for,
    new_event_id,
)
from shared.contracts.membership import PlacesPledged
from shared.contracts.registry import EVENTS
from shared.contracts.samples import SAMPLE_MUNICIPALITY, SAMPLES, sample_of
from tests.unit.contracts.records import (
    BODY,
    CONTACTS,
    ID,
    JOINED,
    NOON,
    TOPIC,
    Headers,
    assert_joined,
    headers_with,
    read,
    refused,
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())
def test_what_is_written_is_read_again(event: type[Event]) -> None:
    sample, envelope = sample_of(event, SAMPLES[event])
    record = encode(sample, envelope, municipality=SAMPLE_MUNICIPALITY)
    decoded = decode(topic=record.topic, key=record.key, value=record.value, headers=record.headers)
    assert decoded == Decoded(envelope, sample)


def test_an_event_is_written_as_the_contract_page_says() -> None:
    envelope = envelope_for(
        JOINED,
        time=datetime(2016, 6, 11, 12, 0, tzinfo=timezone(timedelta(hours=2))),
        event_id=ID,
        causation_id="cause",
        correlation_id="origin",
        traceparent="00-trace",
    )
    record = encode(JOINED, envelope)
    assert (record.topic, record.key, record.value) == (TOPIC, b"99000007", BODY)
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": ID.encode(),
        "ce_source": b"/sammen/membership",
        "ce_type": b"dk.sammen.membership.CompanyJoined.v1",
        "ce_time": b"2016-06-11T10:00:00Z",
        "ce_dataschema": b"urn:sammen:schema:dk.sammen.membership.CompanyJoined.v1",
        "ce_causationid": b"cause",
        "ce_correlationid": b"origin",
        "content-type": b"application/json",
        "traceparent": b"00-trace",
    }


def test_what_is_not_known_is_left_out_of_the_record() -> None:
    pledge = PlacesPledged(
        pledge="p", cvr="99000007", places=1, kind="any", first_day=date(2016, 7, 1)
    )
    record = encode(pledge, envelope_for(pledge, time=NOON))
    assert json.loads(record.value).keys() == {"pledge", "cvr", "places", "kind", "first_day"}
    assert not {"ce_causationid", "ce_correlationid", "traceparent"} & dict(record.headers).keys()


def test_an_envelope_of_another_event_is_our_mistake() -> None:
    pledge, envelope = sample_of(PlacesPledged, SAMPLES[PlacesPledged])
    assert pledge.subject() == "pledge-1"
    with pytest.raises(AssertionError, match="another event"):
        encode(JOINED, envelope)


def test_later_ids_sort_later() -> None:
    ids = [new_event_id() for _ in range(1000)]
    assert ids == sorted(set(ids))


def test_others_may_write_header_names_as_they_like() -> None:
    shouted = [(name.upper(), text) for name, text in headers_with()]
    assert_joined(read(headers=shouted))


def test_null_and_unreadable_headers_are_as_absent() -> None:
    decoded = assert_joined(
        read(headers=headers_with(ce_subject=b"\xff\xfe", ce_causationid=None, foreign=b"\xff"))
    )
    assert (decoded.envelope.subject, decoded.envelope.causation_id) == (None, None)


def test_of_a_doubled_header_the_last_readable_one_counts() -> None:
    doubled: Headers = [
        *headers_with(),
        ("ce_correlationid", b"first"),
        ("ce_correlationid", b"last"),
        ("ce_correlationid", None),
        ("ce_correlationid", b"\xff"),
    ]
    assert assert_joined(read(headers=doubled)).envelope.correlation_id == "last"


@pytest.mark.parametrize("name", ["ce_specversion", "ce_source", "ce_dataschema", "content_type"])
def test_headers_that_say_nothing_new_may_be_left_out(name: str) -> None:
    decoded = assert_joined(read(headers=headers_with(**{name: None})))
    assert decoded.envelope.source == "/sammen/membership"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        (b"2016-06-11T12:00:00.123456+02:00", NOON),
        (b"2016-06-11t10:00:00.123456z", NOON),
        (b"2016-06-11T10:00:00.123456789Z", NOON),
        (b"2016-06-11T10:00:00.123456-00:00", NOON),
    ],
)
def test_an_instant_may_be_told_with_any_offset(text: bytes, instant: datetime) -> None:
    decoded = assert_joined(read(headers=headers_with(ce_time=text)))
    assert decoded.envelope.time == instant
    assert decoded.envelope.time.tzinfo is UTC


@pytest.mark.parametrize(
    "media_type", [b"application/json; charset=utf-8", b"Application/JSON", b" application/json "]
)
def test_a_content_type_may_have_parameters_and_any_case(media_type: bytes) -> None:
    assert_joined(read(headers=headers_with(content_type=media_type)))


def test_fields_nobody_knows_are_passed_over() -> None:
    assert_joined(read(BODY[:-1] + b',"colour":{"r":[1,2,{"r":3}]},"limit":1e400}'))


def test_a_null_is_as_absent() -> None:
    told = {**SAMPLES[PlacesPledged], "municipality": None, "last_day": None}
    kind = PlacesPledged.event_type().encode()
    outcome = read(json.dumps(told).encode(), headers_with(ce_type=kind))
    assert isinstance(outcome, Decoded)
    assert isinstance(outcome.event, PlacesPledged)
    assert outcome.event.municipality is None


@pytest.mark.parametrize(
    "told",
    [{"data": json.loads(BODY)}, {"data_base64": base64.b64encode(BODY).decode()}],
    ids=["data", "data_base64"],
)
def test_a_structured_record_is_read_too(told: dict[str, object]) -> None:
    whole = {
        "specversion": "1.0",
        "id": ID,
        "type": JOINED.event_type(),
        "source": "/elsewhere",
        "time": "2016-06-11T12:00:00.123456+02:00",
        "causationid": "cause",
        "unread": 7,
        **told,
    }
    headers: Headers = [
        ("content-type", b"application/cloudevents+json; charset=UTF-8"),
        ("ce_id", b"ignored"),
        ("traceparent", b"00-trace"),
    ]
    decoded = assert_joined(read(json.dumps(whole).encode(), headers))
    envelope = decoded.envelope
    assert (envelope.event_id, envelope.source, envelope.time) == (ID, "/elsewhere", NOON)
    assert (envelope.causation_id, envelope.traceparent) == ("cause", "00-trace")


def test_a_type_or_version_nobody_knows_yet_is_set_aside() -> None:
    for name in ("dk.sammen.membership.CompanyJoined.v2", "com.example.Thing"):
        outcome = read(b"\xff not even JSON", headers_with(ce_type=name.encode()))
        assert outcome == UnknownType(ID, name)


def test_a_record_without_a_value_erases_its_key_where_records_may_be_erased() -> None:
    assert read(None, [], topic=CONTACTS, key=b"contact-1") == Tombstone("contact-1")
    assert refused(read(None, [], topic=CONTACTS, key=None)) == "wrong_key"
    assert refused(read(None)) == "no_value"
