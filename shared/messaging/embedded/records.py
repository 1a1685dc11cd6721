"""How records pass between Python and the log: as one array for each column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.database import Row
from shared.messaging.partitioner import partitions_of
from shared.messaging.transport import Header, OutgoingRecord, Record

RECORDS_PER_CALL_MAX = 5_000
BYTES_PER_CALL_MAX = 16 * 1024 * 1024

_compact_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Columns:
    """Records to be appended in one call, column by column; `places` count topics from 1."""

    topics: list[str] = field(default_factory=list)
    partition_counts: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    partitions: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)


def arrange(
    records: Sequence[OutgoingRecord], partition_counts: Mapping[str, int], *, keyless: int
) -> Iterator[Columns]:
    """Lay records out for appending, in their order, in calls of a limited size.

    `keyless` picks the partition of records without a key. Raises KeyError for a topic whose
    partitions are not counted.
    """
    columns = Columns()
    places: dict[str, int] = {}
    bytes_in_call = 0
    numbers = partitions_of(records, partition_counts, keyless=keyless)
    for record, number in zip(records, numbers, strict=True):
        size = len(record.key or b"") + len(record.value or b"")
        is_full = bytes_in_call + size > BYTES_PER_CALL_MAX
        if columns.places and (is_full or len(columns.places) == RECORDS_PER_CALL_MAX):
            yield columns
            columns, places, bytes_in_call = Columns(), {}, 0
        bytes_in_call += size
        if record.topic not in places:
            columns.topics.append(record.topic)
            columns.partition_counts.append(partition_counts[record.topic])
            places[record.topic] = len(columns.topics)
        columns.places.append(places[record.topic])
        columns.partitions.append(number)
        columns.keys.append(record.key)
        columns.values.append(record.value)
        columns.headers.append(encode_headers(record.headers))
    if columns.places:
        yield columns


def encode_headers(headers: Sequence[Header]) -> str:
    """Write headers as ASCII JSON; a byte of a value is the character of that number."""
    return _compact_json(
        [(name, None if value is None else value.decode("latin-1")) for name, value in headers]
    )


def decode_headers(headers: str) -> tuple[Header, ...]:
    """Read what `encode_headers` wrote."""
    return tuple(
        (name, None if value is None else value.encode("latin-1"))
        for name, value in json.loads(headers)
    )


def record_of(row: Row) -> Record:
    """Read a row of the log, its columns in the order of Record's fields."""
    topic, partition, offset, key, value, headers, appended_at = row
    return Record(topic, partition, offset, key, value, decode_headers(headers), appended_at)
