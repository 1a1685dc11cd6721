"""A key lies in the partition that Kafka's own clients would choose for it.

So a topic with as many partitions on either bus keeps the same keys together.
"""

from __future__ import annotations

import struct
from functools import lru_cache

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_32_BITS = 0xFFFFFFFF

KEYS_REMEMBERED_MAX = 65_536


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


@lru_cache(maxsize=KEYS_REMEMBERED_MAX)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic with so many of them."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
