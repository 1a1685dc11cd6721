"""A key lies in the partition that Kafka's own clients would choose for it.

So a topic with as many partitions on either bus keeps the same keys together. Keys come by the
thousand, nearly all of them new, and one by one their hashes were the dearest part of the relay.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from shared.messaging.transport import OutgoingRecord

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_32_BITS: Final = 0xFFFFFFFF

KEYS_AT_ONCE_MIN: Final = 16
"""Fewer keys of a length are hashed sooner one by one."""


def partitions_of(
    records: Sequence[OutgoingRecord], partition_counts: Mapping[str, int], *, keyless: int
) -> list[int]:
    """The partition of each record, in their order; `keyless` picks that of records without a key.

    Raises KeyError for a topic whose partitions are not counted.
    """
    hashes = iter(murmur2_of_each([record.key for record in records if record.key is not None]))
    return [
        (keyless if record.key is None else next(hashes) & 0x7FFFFFFF)
        % partition_counts[record.topic]
        for record in records
    ]


def murmur2(key: bytes) -> int:
    """Hash a key as Kafka's clients do (org.apache.kafka.common.utils.Utils); 32 bits, unsigned."""
    words, rest = divmod(len(key), 4)
    digest = _SEED ^ len(key)
    for word in struct.unpack_from(f"<{words}I", key):
        scrambled = word * _MULTIPLIER & _32_BITS
        scrambled = (scrambled ^ scrambled >> 24) * _MULTIPLIER & _32_BITS
        digest = digest * _MULTIPLIER & _32_BITS ^ scrambled
    if rest:
        digest = (digest ^ int.from_bytes(key[-rest:], "little")) * _MULTIPLIER & _32_BITS
    digest = (digest ^ digest >> 13) * _MULTIPLIER & _32_BITS
    return digest ^ digest >> 15


def murmur2_of_each(keys: Sequence[bytes]) -> list[int]:
    """The hashes of many keys, in their order; those of one length all at once."""
    by_length: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        by_length.setdefault(len(key), []).append(place)
    hashes = [0] * len(keys)
    for places in by_length.values():
        alike = [keys[place] for place in places]
        several = len(alike) >= KEYS_AT_ONCE_MIN
        for place, found in zip(
            places, _murmur2_at_once(alike) if several else map(murmur2, alike), strict=True
        ):
            hashes[place] = found
    return hashes


def _murmur2_at_once(keys: Sequence[bytes]) -> Sequence[int]:
    """As `murmur2`, of keys of one length.

    One great integer holds a word of every key, each in 64 bits of its own: there a product of
    two numbers of 32 bits has room, so that one operation on the integer is one on every key.
    """
    length = len(keys[0])
    words, rest = divmod(length, 4)
    columns_count = words + bool(rest)
    pairs = -(-len(keys) // 2)
    padding = bytes(-length % 4)
    joined = memoryview(padding.join(keys) + padding).cast("I")
    columns = [joined[column::columns_count].tobytes() for column in range(columns_count)]
    lanes = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * pairs, "little")
    halves = [_digests(columns, lanes, shift, length) for shift in (0, 32)]
    together = (halves[0] | halves[1] << 32).to_bytes(8 * pairs, "little")
    return struct.unpack_from(f"<{len(keys)}I", together)


def _digests(columns: Sequence[bytes], lanes: int, shift: int, length: int) -> int:
    """The hashes of every second key, in lanes; `shift` says whether of the even or the odd."""
    words = length // 4
    digests = (lanes // _32_BITS) * (_SEED ^ length)
    for place, column in enumerate(columns):
        word = int.from_bytes(column, "little") >> shift & lanes
        if place < words:
            scrambled = word * _MULTIPLIER & lanes
            scrambled = (scrambled ^ scrambled >> 24 & lanes) * _MULTIPLIER & lanes
            digests = digests * _MULTIPLIER & lanes ^ scrambled
        else:
            digests = (digests ^ word) * _MULTIPLIER & lanes
    digests = (digests ^ digests >> 13 & lanes) * _MULTIPLIER & lanes
    return digests ^ digests >> 15 & lanes
