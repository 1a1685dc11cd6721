"""Headers come back from the log as they went in, and calls of the bus stay within limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.embedded.records import (
    BYTES_PER_CALL_MAX,
    RECORDS_PER_CALL_MAX,
    arrange,
    decode_headers,
    encode_headers,
)
from shared.messaging.transport import OutgoingRecord

HEADERS = st.lists(st.tuples(st.text(max_size=10), st.none() | st.binary(max_size=20)), max_size=6)


@given(headers=HEADERS)
def test_headers_survive_whatever_they_are(headers: list[tuple[str, bytes | None]]) -> None:
    written = encode_headers(headers)
    assert decode_headers(written) == tuple(headers)
    assert written.isascii()
    assert written.isprintable()


def _records(number: int, *, value: bytes) -> list[OutgoingRecord]:
    return [OutgoingRecord("abc"[each % 3], b"%d" % each, value, ()) for each in range(number)]


def test_many_records_go_in_several_calls_in_their_order() -> None:
    records = _records(2 * RECORDS_PER_CALL_MAX + 1, value=b"")
    calls = list(arrange(records, {"a": 3, "b": 3, "c": 3}, keyless=0))
    assert [len(call.keys) for call in calls] == [RECORDS_PER_CALL_MAX, RECORDS_PER_CALL_MAX, 1]
    assert [key for call in calls for key in call.keys] == [record.key for record in records]
    assert [call.topics[place - 1] for call in calls for place in call.places] == [
        record.topic for record in records
    ]


def test_large_records_go_in_several_calls_and_the_largest_alone() -> None:
    records = _records(5, value=b"x" * (BYTES_PER_CALL_MAX // 2))
    calls = list(arrange(records, {"a": 1, "b": 1, "c": 1}, keyless=0))
    assert [len(call.keys) for call in calls] == [1, 1, 1, 1, 1]


def test_records_without_a_key_go_to_the_partition_chosen_for_them() -> None:
    record = OutgoingRecord("a", None, b"", ())
    (call,) = arrange([record, record], {"a": 3}, keyless=7)
    assert call.partitions == [1, 1]
