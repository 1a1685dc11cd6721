"""How a topic is set up in a cluster, from what deploy/kafka/topics.yaml says of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from shared.contracts.topics import TopicSpec

FOR_EVER: Final = "-1"

BATCH_OVERHEAD_BYTES: Final = 1_024
"""What a batch of one record has besides key, value and headers: 61 bytes of its own, and some
lengths and marks. Kafka's limit is on whole batches and ours on records, so a record of exactly the
allowed size, sent alone as our own publisher sends large ones, must still pass.
"""

ERASURE_SEEN: Final = timedelta(days=90)
"""How long a tombstone stays readable, so that a reader who was away for weeks hears of it; without
it such a reader would keep what was erased.
"""

ERASURE_DONE: Final = timedelta(hours=12)
"""After so long, at the latest, a record is due to be cleaned away once its key has a newer one."""

SEGMENT_OPEN: Final = timedelta(hours=6)
"""Kafka never cleans the file it writes to, and begins a new one only with the first record after
this time. So what was erased is gone within a day, if the partition hears of anything after it.
"""


def copies_of(spec: TopicSpec, copies_max: int | None) -> int:
    """Copies of each partition, of which there are at most `copies_max`."""
    return (
        spec.replication_factor if copies_max is None else min(spec.replication_factor, copies_max)
    )


def settings_of(spec: TopicSpec, copies: int) -> dict[str, str]:
    """Everything we want of a topic, by Kafka's names, and nothing left to a cluster's defaults."""
    settings = {
        "cleanup.policy": spec.cleanup,
        "retention.ms": FOR_EVER if spec.retention is None else _milliseconds(spec.retention),
        "retention.bytes": FOR_EVER,
        "min.insync.replicas": str(min(spec.minimum_in_sync_replicas, copies)),
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(spec.maximum_bytes + BATCH_OVERHEAD_BYTES),
        # Kafka's limit is on batches as they are sent: 64 KiB of zstd may hold 2 GB, and whoever
        # hears them would have to unpack that. So brokers unpack them first, and then look.
        "compression.type": "uncompressed",
        # When a record was appended is for the broker to say: a sender's clock may be wrong.
        "message.timestamp.type": "LogAppendTime",
    }
    if spec.cleanup == "compact":
        settings |= {
            "delete.retention.ms": _milliseconds(ERASURE_SEEN),
            "max.compaction.lag.ms": _milliseconds(ERASURE_DONE),
            "min.compaction.lag.ms": "0",
            "segment.ms": _milliseconds(SEGMENT_OPEN),
        }
    return settings


def _milliseconds(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))
