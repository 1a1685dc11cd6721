"""Keys lie where Kafka's own clients would put them."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.partitioner import (
    KEYS_AT_ONCE_MIN,
    murmur2,
    murmur2_of_each,
    partitions_of,
)
from shared.messaging.transport import OutgoingRecord

# From Kafka's own test of its hash (org.apache.kafka.common.utils.UtilsTest), there signed.
KNOWN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "signed"), KNOWN.items())
def test_the_hash_is_kafkas(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


@given(key=st.binary(max_size=40), partitions=st.integers(1, 100))
def test_every_key_lies_where_a_kafka_client_puts_it(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    record = OutgoingRecord("a", key, b"", ())
    chosen = DefaultPartitioner()(key, numbers, numbers)
    assert partitions_of([record], {"a": partitions}, keyless=7) == [chosen]


@given(
    keys=st.lists(
        st.one_of(
            *[st.binary(min_size=size, max_size=size) for size in (0, 1, 3, 4, 7, 8, 36)],
            st.binary(max_size=40),
        ),
        max_size=200,
    )
)
def test_many_keys_are_hashed_as_each_of_them_alone(keys: list[bytes]) -> None:
    assert murmur2_of_each(keys) == [murmur2(key) for key in keys]


@pytest.mark.parametrize("length", range(41))
@pytest.mark.parametrize("number", [KEYS_AT_ONCE_MIN, KEYS_AT_ONCE_MIN + 1])
def test_keys_of_one_length_are_hashed_together(length: int, number: int) -> None:
    keys = [bytes(255 - (place * 7 + at) % 256 for at in range(length)) for place in range(number)]
    assert murmur2_of_each(keys) == [murmur2(key) for key in keys]


def test_records_without_a_key_lie_together_and_take_no_place_of_another() -> None:
    records = [OutgoingRecord("ab"[at % 2], None if at % 3 else b"21", b"", ()) for at in range(6)]
    chosen = murmur2(b"21") & 0x7FFFFFFF
    assert partitions_of(records, {"a": 12, "b": 5}, keyless=9) == [
        chosen % 12,
        4,
        9,
        chosen % 5,
        9,
        4,
    ]
