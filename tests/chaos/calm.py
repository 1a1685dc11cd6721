"""Is the system quiet? Which is to tell "not yet" from "never".

Quiet: nothing waits in an outbox, every group has committed up to every partition's end, no mail is
due, and that stays so. As long as what waits changes, it is "not yet", however long it takes within
the bound; what stands still for long is "never", and is named.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.topics import load_topics
from shared.messaging.transport import TransportError
from tests.chaos.ground import Ground
from tests.support.kafka_cluster import asking_for_offsets, other_admin_client

LOOK_SECONDS: Final = 1.0
STILL_LOOKS: Final = 3
STUCK_SECONDS: Final = 120.0
"""More than a mail's lease (50 s in the soak) and a group's session (45 s) together."""
CALM_SECONDS_MAX: Final = 900.0
ANSWER_SECONDS_MAX: Final = 10

WAITING_ROWS = """
SELECT count(*) FROM {schema}.outbox_waiting
"""
WAITING_NOTICES = "SELECT count(*) FROM notifications.notice WHERE state IN ('due', 'sending')"

Waiting = Mapping[str, int]
"""What waits, by where: nothing but zeros when quiet."""


@dataclass(frozen=True, slots=True)
class Calm:
    """How it ended."""

    quiet: bool
    seconds: float
    waiting: Waiting
    """What never came to rest; empty when quiet."""


async def becomes_quiet(ground: Ground) -> Calm:
    """Wait for it."""
    began = moved_at = time.monotonic()
    before: Waiting | None = None
    still = 0
    while True:
        now = await _look(ground)
        still = still + 1 if now is not None and now == before and not any(now.values()) else 0
        if still >= STILL_LOOKS:
            return Calm(quiet=True, seconds=time.monotonic() - began, waiting={})
        if now != before:
            moved_at = time.monotonic()
        stuck = time.monotonic() - moved_at > STUCK_SECONDS
        if stuck or time.monotonic() - began > CALM_SECONDS_MAX:
            waiting = {where: count for where, count in (now or {}).items() if count}
            return Calm(quiet=False, seconds=time.monotonic() - began, waiting=waiting)
        before = now
        await asyncio.sleep(LOOK_SECONDS)


async def _look(ground: Ground) -> Waiting | None:
    """What waits where, None when nobody can say: never a zero that wasn't looked for."""
    waiting: dict[str, int] = {}
    queries = {
        f"outbox of {service.name}": WAITING_ROWS.format(schema=service.name)
        for service in ground.services
    }
    for where, query in {**queries, "mails": WAITING_NOTICES}.items():
        rows = await ground.look(query)
        if rows is None:
            return None
        waiting[where] = int(rows[0]["count"])
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return {**waiting, **await _records_behind(ground)}
    except (KafkaError, TransportError, TimeoutError):
        return None


async def _records_behind(ground: Ground) -> dict[str, int]:
    """By group, how many records it has not yet committed."""
    partitions = {spec.name: spec.partitions for spec in load_topics()}
    behind: dict[str, int] = {}
    async with (
        other_admin_client(ground.access) as admin,
        asking_for_offsets(ground.access) as offsets,
    ):
        for group, topics in _groups(ground):
            where = [
                TopicPartition(topic, number)
                for topic in topics
                for number in range(partitions[topic])
            ]
            committed = await admin.list_consumer_group_offsets(group, partitions=where)
            ends = await offsets.ends(where)
            behind[f"group {group}"] = sum(
                ends[each] - max(0, committed[each].offset) for each in where
            )
    return behind


def _groups(ground: Ground) -> list[tuple[str, Sequence[str]]]:
    return [
        (f"{service.name}.{hears.name}", hears.topics)
        for service in ground.services
        for hears in service.hears
    ]
