"""Every call of the bus's functions; each is one round trip and one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.database import Connection, Database
from shared.messaging.embedded.faults import faults_named
from shared.messaging.embedded.records import Columns, record_of
from shared.messaging.transport import Position, Record

BATCH_BYTES_MAX = 16 * 1024 * 1024

DESCRIBE_TOPICS = """
SELECT name, partitions, may_write, may_read
FROM bus.describe_topics($1)
"""

IDENTIFY_TOPICS = """
SELECT name, identity
FROM bus.identify_topics($1)
"""

REWIND_GROUP = "SELECT bus.rewind_group($1, $2)"

APPEND = "SELECT bus.append($1, $2, $3, $4, $5, $6, $7)"

JOIN_GROUP = "SELECT bus.join_group($1, $2, $3, $4)"

HEARTBEAT = """
SELECT alive, must_release
FROM bus.heartbeat($1, $2)
"""

RELEASE = "SELECT bus.release_partitions($1, $2)"

LEAVE_GROUP = "SELECT bus.leave_group($1, $2)"

FETCH = """
SELECT topic, partition, record_offset, key, value, headers, appended_at
FROM bus.fetch_records($1, $2, $3, $4)
"""

COMMIT_OFFSETS = "SELECT bus.commit_offsets($1, $2, $3, $4, $5)"

POSITIONS = """
SELECT topic, partition, next_offset, end_offset
FROM bus.positions($1, $2)
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as this principal may use it."""

    name: str
    partitions: int
    may_write: bool
    may_read: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """One membership in one group, from joining until leaving or losing the session."""

    group: str
    member: UUID


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heartbeat learned."""

    alive: bool
    must_release: bool


async def list_topics(database: Database, names: Sequence[str]) -> list[Topic]:
    """The topics of these names that exist."""
    with faults_named():
        async with database.connection() as connection:
            rows = await connection.fetch(DESCRIBE_TOPICS, names)
    return [Topic(*row) for row in rows]


async def identify_topics(database: Database, names: Sequence[str]) -> dict[str, str]:
    """The identities of the topics of these names or patterns that may be read."""
    with faults_named():
        async with database.connection() as connection:
            rows = await connection.fetch(IDENTIFY_TOPICS, names)
    return {row["name"]: row["identity"] for row in rows}


async def rewind_group(database: Database, group: str, topic: str) -> None:
    """Have a group without members read the topic from its beginning."""
    with faults_named():
        async with database.connection() as connection:
            await connection.execute(REWIND_GROUP, group, topic)


async def append(database: Database, columns: Columns) -> None:
    """Store all records, or none, and wake who hears them."""
    with faults_named():
        async with database.connection() as connection:
            await connection.execute(
                APPEND,
                columns.topics,
                columns.partition_counts,
                columns.places,
                columns.partitions,
                columns.keys,
                columns.values,
                columns.headers,
            )


async def join_group(
    connection: Connection, seat: Seat, topics: Sequence[str], *, session_seconds: float
) -> None:
    """Take a seat, for as long as this connection lasts; free partitions are its own at once."""
    with faults_named():
        await connection.execute(JOIN_GROUP, seat.group, seat.member, topics, session_seconds)


async def heartbeat(connection: Connection, seat: Seat) -> Pulse:
    """Keep the seat, from now on on this connection; those who died lose theirs."""
    with faults_named():
        row = await connection.fetchrow(HEARTBEAT, seat.group, seat.member)
    assert row is not None, "a heartbeat always answers"
    return Pulse(*row)


async def release(database: Database, seat: Seat) -> None:
    """Hand over the partitions meant for others; no batch of theirs may be in flight."""
    with faults_named():
        async with database.connection() as connection:
            await connection.execute(RELEASE, seat.group, seat.member)


async def leave_group(database: Database, seat: Seat) -> None:
    """Give up the seat and all partitions; nothing happens when it was lost before."""
    with faults_named():
        async with database.connection() as connection:
            await connection.execute(LEAVE_GROUP, seat.group, seat.member)


async def fetch(database: Database, seat: Seat, *, records_max: int) -> list[Record]:
    """The next records of the partitions held, in offset order within each.

    Raises SessionLostError, OffsetGapError, TopicMismatchError or TransportForbiddenError.
    """
    with faults_named():
        async with database.connection() as connection:
            rows = await connection.fetch(
                FETCH, seat.group, seat.member, records_max, BATCH_BYTES_MAX
            )
    return [record_of(row) for row in rows]


async def commit_offsets(
    database: Database, seat: Seat, offsets: Mapping[tuple[str, int], int]
) -> int:
    """Move the group's offsets where this seat still owns the partition; how many moved."""
    with faults_named():
        async with database.connection() as connection:
            moved = await connection.fetchval(
                COMMIT_OFFSETS,
                seat.group,
                seat.member,
                [topic for topic, _ in offsets],
                [partition for _, partition in offsets],
                list(offsets.values()),
            )
    return int(moved)


async def list_positions(database: Database, seat: Seat) -> dict[tuple[str, int], Position]:
    """Where the group stands in each partition this seat owns."""
    with faults_named():
        async with database.connection() as connection:
            rows = await connection.fetch(POSITIONS, seat.group, seat.member)
    return {
        (topic, partition): Position(next_offset, end_offset)
        for topic, partition, next_offset, end_offset in rows
    }
