"""The outbox of a service: what it published, kept, and what of it is not on the bus yet.

Rows are written in the transaction that made them true. They stay after publishing, so that what
a bus lost can be sent again; only the values of an erased key are forgotten. Which rows are still
to be sent is kept beside them, one narrow row for each, and never read off a position: positions
are handed out before commit, so a lower one may appear later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json, to_json

from shared.database import Connection
from shared.messaging.transport import Header, OutgoingRecord


class EventNotKeptError(LookupError):
    """The outbox holds no event with this id."""


@dataclass(slots=True)
class OutboxRow(OutgoingRecord):
    """An event to be published; a null value erases its key on a compacted topic."""

    event_id: str


@dataclass(slots=True)
class StoredRow(OutboxRow):
    """An outbox row and its place among the others."""

    position: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the bus has not taken yet."""

    rows: int
    oldest_at: datetime | None


# One statement, and one notice however many rows: a notice costs the writer a fifth of a
# one-row transaction. The order of the array is the order of the positions. That the rows wait is
# written down by a trigger.
INSERT = """
WITH written AS (
    INSERT INTO outbox (event_id, topic, key, value, headers, created_at)
    SELECT event_id, topic, key, value, headers::json, $6
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::text[])
        WITH ORDINALITY AS row (event_id, topic, key, value, headers, place)
    ORDER BY place
)
SELECT pg_notify($7, '')
"""

# An array, not a join: the rows are found by position whatever the statistics of the tables say.
LIST_UNPUBLISHED = """
SELECT topic, key, value, headers, event_id, position
FROM outbox
WHERE position = ANY(ARRAY(
    SELECT position
    FROM outbox_waiting
    WHERE NOT topic = ANY($2::text[]) AND NOT position = ANY($3::bigint[])
    ORDER BY position
    LIMIT $1
))
ORDER BY position
"""

SAVE_PUBLISHED = "DELETE FROM outbox_waiting WHERE position = ANY($1::bigint[])"

SAVE_REFUSED = """
WITH refused AS (
    SELECT position, reason FROM unnest($1::bigint[], $2::text[]) AS refused (position, reason)
), no_longer_waiting AS (
    DELETE FROM outbox_waiting AS waiting
    USING refused
    WHERE waiting.position = refused.position
)
UPDATE outbox AS row
SET refused_reason = refused.reason
FROM refused
WHERE row.position = refused.position
"""

COUNT_WAITING = """
SELECT waiting.rows, oldest.created_at AS oldest_at
FROM (SELECT count(*) AS rows, min(position) AS position FROM outbox_waiting) AS waiting
LEFT JOIN outbox AS oldest ON oldest.position = waiting.position
"""

FIND_POSITION = "SELECT position FROM outbox WHERE event_id = $1"

RELEASE_FROM_POSITION = """
WITH released AS (
    UPDATE outbox SET refused_reason = NULL WHERE position >= $1 AND refused_reason IS NOT NULL
)
INSERT INTO outbox_waiting (position, topic)
SELECT position, topic FROM outbox WHERE position >= $1
ON CONFLICT (position) DO NOTHING
"""

RELEASE_FROM_INSTANT = """
WITH released AS (
    UPDATE outbox SET refused_reason = NULL WHERE created_at >= $1 AND refused_reason IS NOT NULL
)
INSERT INTO outbox_waiting (position, topic)
SELECT position, topic FROM outbox WHERE created_at >= $1
ON CONFLICT (position) DO NOTHING
"""

# Keys are not indexed: an erasure is rare, and looks through what is kept once.
EMPTY = """
UPDATE outbox AS row
SET value = NULL
FROM unnest($1::text[], $2::bytea[]) AS erased (topic, key)
WHERE row.topic = erased.topic AND row.key = erased.key AND row.value IS NOT NULL
"""

NOTIFY = "SELECT pg_notify($1, '')"


def channel(service: str) -> str:
    """The notification channel on which a service's relay is woken."""
    return f"{service}_outbox"


async def insert(
    connection: Connection, service: str, rows: Sequence[OutboxRow], *, created_at: datetime
) -> None:
    """Write the rows in their order and wake the relay once the transaction commits."""
    await connection.execute(
        INSERT,
        [row.event_id for row in rows],
        [row.topic for row in rows],
        [row.key for row in rows],
        [row.value for row in rows],
        [_headers_text(row.headers) for row in rows],
        created_at,
        channel(service),
    )


async def empty(connection: Connection, keys: Sequence[tuple[str, bytes]]) -> None:
    """Forget the values of all rows of these topics and keys, published or not.

    A row keeps its place and id. Sent, or sent again, it is one more erasure of its key.
    """
    await connection.execute(EMPTY, [topic for topic, _ in keys], [key for _, key in keys])


async def list_unpublished(
    connection: Connection,
    *,
    limit: int,
    except_topics: Collection[str] = (),
    except_positions: Sequence[int] = (),
) -> list[StoredRow]:
    """The oldest rows the bus has not taken, by position, at most `limit`."""
    rows = await connection.fetch(LIST_UNPUBLISHED, limit, list(except_topics), except_positions)
    return [
        StoredRow(topic, key, value, _headers(headers), event_id, position)
        for topic, key, value, headers, event_id, position in rows
    ]


async def save_published(connection: Connection, positions: Sequence[int]) -> None:
    """Note that the bus has acknowledged these rows."""
    await connection.execute(SAVE_PUBLISHED, positions)


async def save_refused(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Set aside rows that the bus can never take as they are."""
    await connection.execute(SAVE_REFUSED, list(reasons), list(reasons.values()))


async def count_waiting(connection: Connection) -> Waiting:
    """How much the bus has not taken, and since when the oldest of it waits."""
    row = await connection.fetchrow(COUNT_WAITING)
    assert row is not None, "an aggregate always has one row"
    return Waiting(row["rows"], row["oldest_at"])


async def republish(connection: Connection, service: str, *, since: datetime | str) -> int:
    """Have the relay send kept rows again, in their order; how many.

    `since` is an instant (rows written then or later) or an event id (that row and all after
    it). Rows the bus had refused are tried again too. Whoever hears them drops what it knows.
    Raises EventNotKeptError when no row has the event id.
    """
    if isinstance(since, str):
        position = await connection.fetchval(FIND_POSITION, since)
        if position is None:
            raise EventNotKeptError(
                f"the outbox of {service} keeps no event {since}; give a time instead"
            )
        status = await connection.execute(RELEASE_FROM_POSITION, position)
    else:
        status = await connection.execute(RELEASE_FROM_INSTANT, since)
    await connection.execute(NOTIFY, channel(service))
    return int(status.rsplit(" ", 1)[-1])


def _headers_text(headers: tuple[Header, ...]) -> str:
    """Our own headers are always text."""
    return to_json(headers).decode()


def _headers(text: str) -> tuple[Header, ...]:
    return tuple(
        [(name, None if value is None else value.encode()) for name, value in from_json(text)]
    )
