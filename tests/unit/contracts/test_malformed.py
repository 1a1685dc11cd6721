"""What is made of records nobody can take in: a reason, no copy of them, and never a crash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.attributes import MalformedReason
from shared.contracts.envelope import decode, encode
from shared.contracts.registry import EVENTS
from shared.contracts.samples import SAMPLES, sample_of
from tests.unit.contracts.records import (
    BODY,
    CONTACTS,
    ID,
    JOINED,
    TOPIC,
    Headers,
    assert_joined,
    headers_with,
    read,
    refused,
)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ce_id": None}, "no_id"),
        ({"ce_id": b""}, "no_id"),
        ({"ce_id": b"\xff"}, "no_id"),
        ({"ce_id": b"nul\x00"}, "no_id"),
        ({"ce_id": b"x" * 301}, "no_id"),
        ({"ce_type": None}, "no_type"),
        ({"ce_time": None}, "no_time"),
        ({"ce_time": b"yesterday"}, "no_time"),
        ({"ce_time": b"2016-06-11T10:00:00"}, "no_time"),
        ({"ce_time": b"0001-01-01T00:00:00+14:00"}, "no_time"),
        ({"ce_time": b"9999-12-31T23:59:59Z"}, "no_time"),
        ({"ce_specversion": b"0.3"}, "spec_version"),
        ({"content_type": b"text/plain"}, "content_type"),
        ({"content_type": b"application/avro"}, "content_type"),
        ({"content_type": b"application/cloudevents+json"}, "no_value"),
        ({"ce_subject": b"610180-1234"}, "person_number"),
        ({"foreign": b"cpr 6101801234"}, "person_number"),
    ],
)
def test_headers_that_can_not_be_right_are_named(
    changed: dict[str, bytes | None], reason: MalformedReason
) -> None:
    assert refused(read(headers=headers_with(**changed))) == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "not_json"),
        (b"null", "invalid_field"),
        (b"[]", "invalid_field"),
        (b"{", "not_json"),
        (BODY[:-1], "not_json"),
        (BODY + b" x", "not_json"),
        (b"\xef\xbb\xbf" + BODY, "not_json"),
        (BODY.decode().encode("utf-16"), "not_json"),
        (BODY[:-1] + b',"x":"\xff"}', "not_json"),
        (BODY[:-1] + b',"x":"\\ud800"}', "not_json"),
        (BODY[:-1] + b',"x":NaN}', "not_json"),
        (BODY[:-1] + b',"x":-Infinity}', "not_json"),
        (BODY[:-1] + b',"x":' + b"9" * 5000 + b"}", "not_json"),
        (BODY[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_json"),
        (BODY[:-1] + b',"x":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_001, "not_json"),
        (b'{"cvr":"99000007"}', "invalid_field"),
        (b'{"cvr":99000007,"joined_on":"2016-06-11"}', "invalid_field"),
        (b'{"cvr":"99000007","joined_on":NaN}', "invalid_field"),
        (b'{"cvr":"99000007","joined_on":1e400}', "invalid_field"),
        (BODY[:-1] + b',"cvr":"99000007"}', "duplicate_field"),
        (BODY[:-1] + b',"\\u0063vr":"99000015"}', "duplicate_field"),
        (BODY[:-1] + b',"x":{"y":1,"y":2}}', "duplicate_field"),
        (BODY[:-1] + b',"note":"610180-1234"}', "person_number"),
        (BODY[:-1] + b',"note":"610180 1234"}', "person_number"),
        (BODY[:-1] + ',"note":"610180 \u2013 1234"}'.encode(), "person_number"),
        (BODY[:-1] + b',"note":["x",{"6101801234":1}]}', "person_number"),
        (BODY[:-1] + b',"note":"6101\\u00380-1234"}', "person_number"),
    ],
)
def test_a_value_that_can_not_be_right_is_named(value: bytes, reason: MalformedReason) -> None:
    assert refused(read(value)) == reason


def test_amounts_of_ten_digits_are_no_person_numbers() -> None:
    assert_joined(read(BODY[:-1] + b',"sum_ore":1010101234}'))


def test_an_event_on_the_topic_of_another_is_an_impostor() -> None:
    assert refused(read(topic="bonus.events.v1")) == "wrong_topic"


def test_a_receipt_for_one_municipality_on_the_topic_of_another_is_wrong() -> None:
    [kind] = [event for event in EVENTS if event.__name__ == "ReportReceipt"]
    sample, envelope = sample_of(kind, SAMPLES[kind])
    record = encode(sample, envelope)
    there = "municipality.0147.receipts.v1"
    outcome = decode(topic=there, key=record.key, value=record.value, headers=record.headers)
    assert refused(outcome) == "wrong_topic"


def test_a_report_is_read_on_a_report_topic_only_and_with_no_field_misspelt() -> None:
    kind = next(event for event in EVENTS if event.__name__ == "ReportedPlacementEnded")
    sample, envelope = sample_of(kind, SAMPLES[kind])
    record = encode(sample, envelope, municipality="0147")
    elsewhere = decode(topic=TOPIC, key=record.key, value=record.value, headers=record.headers)
    assert refused(elsewhere) == "wrong_topic"
    misspelt = record.value[:-1] + b',"resaon":"x"}'
    outcome = decode(topic=record.topic, key=record.key, value=misspelt, headers=record.headers)
    assert refused(outcome) == "invalid_field"


def test_a_contact_under_another_key_could_never_be_erased() -> None:
    kind = next(event for event in EVENTS if event.__name__ == "ContactRecorded")
    sample, envelope = sample_of(kind, SAMPLES[kind])
    record = encode(sample, envelope)
    outcome = decode(topic=CONTACTS, key=b"x", value=record.value, headers=record.headers)
    assert refused(outcome) == "wrong_key"


@pytest.mark.parametrize("key", [b"610180-1234", b"0101/6101801234"])
def test_a_key_that_names_a_person_is_refused_before_anything_else(key: bytes) -> None:
    outcome = read(key=key)
    assert refused(outcome) == "person_number"
    assert "6101801" not in repr(outcome)


@pytest.mark.parametrize("key", [b"\xff", b"nul\x00", b"", b"x" * 301])
def test_a_key_that_is_no_text_is_refused(key: bytes) -> None:
    assert refused(read(key=key)) == "wrong_key"


def test_what_is_said_of_a_bad_record_never_repeats_it() -> None:
    outcome = read(b'{"cvr":"Solveig 610180-1234","joined_on":"6101801234","610180-1234":1}')
    assert "Solveig" not in repr(outcome)
    assert "610180" not in repr(outcome)


some_headers = st.lists(
    st.tuples(
        st.sampled_from([name for name, _ in headers_with()]) | st.text(max_size=9),
        st.none() | st.binary(max_size=30) | st.text(max_size=30).map(str.encode),
    ),
    max_size=8,
)


@given(value=st.none() | st.binary(max_size=80), key=st.none() | st.binary(max_size=20))
def test_no_bytes_make_decode_raise(value: bytes | None, key: bytes | None) -> None:
    for topic in (TOPIC, CONTACTS, "municipality.0101.reports.v1", ""):
        read(value, topic=topic, key=key)


@given(headers=some_headers, value=st.sampled_from([BODY, b"{}", b'{"data":{}}']))
def test_no_headers_make_decode_raise(headers: Headers, value: bytes) -> None:
    decode(topic=TOPIC, key=None, value=value, headers=headers)
    decode(topic=TOPIC, key=None, value=value, headers=[*headers_with(), *headers])


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    told=st.dictionaries(
        st.sampled_from(["cvr", "joined_on", "data", "data_base64", "id", "type", "time"])
        | st.text(max_size=5),
        json_values,
        max_size=6,
    ),
    structured=st.booleans(),
)
def test_no_json_makes_decode_raise(told: dict[str, object], *, structured: bool) -> None:
    kind = b"application/cloudevents+json" if structured else b"application/json"
    read(json.dumps(told).encode(), headers_with(content_type=kind))
    whole = {"id": ID, "type": JOINED.event_type(), "time": "2016-06-11T12:00:00Z", **told}
    read(json.dumps(whole).encode(), [("content-type", b"application/cloudevents+json")])
