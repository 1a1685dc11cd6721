"""Every statement on the table of dead letters."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from shared.database import Connection
from shared.messaging.letter import DeadLetter, State, TopicKey, letter_of, letter_values
from shared.messaging.locks import lock_for_transaction
from shared.messaging.reading import Reading
from shared.messaging.redaction import storable_text
from shared.messaging.transport import Record

_COLUMNS = """
    id, consumer, topic, partition, record_offset, appended_at, key, value, headers, redacted,
    event_id, event_type, state, reason, detail, replays, mended_value, recorded_at, decided_at,
    note
"""

FIND_STOPPED = """
SELECT DISTINCT topic, key
FROM dead_letter
WHERE consumer = $1 AND state IN ('dead', 'parked') AND key_digest = ANY($2::bytea[])
"""

FIND_STATES = """
SELECT row.partition, row.record_offset, row.topic, row.state
FROM dead_letter AS row
JOIN unnest($2::text[], $3::integer[], $4::bigint[], $5::timestamptz[])
    AS wanted (topic, partition, record_offset, appended_at)
    USING (topic, partition, record_offset, appended_at)
WHERE row.consumer = $1
"""

INSERT = """
INSERT INTO dead_letter (
    consumer, topic, partition, record_offset, appended_at, key, value, headers, redacted,
    event_id, event_type, state, reason, detail, recorded_at
)
SELECT
    $1, topic, partition, record_offset, appended_at, key, value, headers::json, redacted,
    event_id, event_type, state, reason, detail, $15
FROM unnest(
    $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[],
    $8::text[], $9::boolean[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]
) WITH ORDINALITY AS row (
    topic, partition, record_offset, appended_at, key, value, headers, redacted, event_id,
    event_type, state, reason, detail, place
)
ORDER BY place
ON CONFLICT ON CONSTRAINT one_row_per_record DO NOTHING
"""

LIST = f"""
SELECT {_COLUMNS}
FROM dead_letter
WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR consumer = $2) AND id > $3
ORDER BY id
LIMIT $4
"""  # noqa: S608 # only the columns' names are put in

FIND = f"SELECT {_COLUMNS} FROM dead_letter WHERE id = $1"  # noqa: S608 # columns' names only

LOCK = f"{FIND} FOR UPDATE"

FIND_FIRST_OF_KEY = f"""
SELECT {_COLUMNS}
FROM dead_letter
WHERE consumer = $1 AND topic = $2 AND key_digest = sha256($3)
    AND state IN ('dead', 'parked')
ORDER BY id
LIMIT 1
"""  # noqa: S608 # only the columns' names are put in

COUNT_OF_KEY = """
SELECT count(*)
FROM dead_letter
WHERE consumer = $1 AND topic = $2 AND key_digest = sha256($3) AND state IN ('dead', 'parked')
"""

COUNT_OPEN = """
SELECT state, count(*) AS letters
FROM dead_letter
WHERE state IN ('dead', 'parked', 'unknown_type')
GROUP BY state
"""

SAVE_DECIDED = """
UPDATE dead_letter
SET state = $2, decided_at = $3, note = $4, mended_value = coalesce($5, mended_value)
WHERE id = $1
"""

# An erasure waits for all that stop its key. What is left of the key then is decided, or of a type
# nobody knew, and must not come back with a program that knows it.
EMPTY = """
UPDATE dead_letter AS row
SET value = NULL, mended_value = NULL, redacted = true
FROM unnest($2::text[], $3::bytea[]) AS erased (topic, key)
WHERE row.consumer = $1 AND row.topic = erased.topic AND row.key_digest = sha256(erased.key)
    AND row.state IN ('replayed', 'discarded', 'unknown_type')
    AND (row.value IS NOT NULL OR row.mended_value IS NOT NULL)
"""

SAVE_FAILED = """
UPDATE dead_letter
SET state = $2, reason = $3, detail = $4, replays = replays + 1
WHERE id = $1
"""


async def lock_stopped(
    connection: Connection, consumer: str, keys: Collection[TopicKey]
) -> frozenset[TopicKey]:
    """Those of the keys that are stopped, each locked until this transaction ends.

    Waits for a replay that is deciding one of them; if that sets the key free, it isn't stopped
    any more. A replay that comes later waits for us, and sees what we parked.
    """
    seen = await _find_stopped(connection, consumer, keys)
    if not seen:
        return seen
    await lock_keys(connection, consumer, seen)
    return await _find_stopped(connection, consumer, seen)


async def _find_stopped(
    connection: Connection, consumer: str, keys: Collection[TopicKey]
) -> frozenset[TopicKey]:
    if not keys:
        return frozenset()
    digests = [hashlib.sha256(key).digest() for key in {key for _, key in keys}]
    rows = await connection.fetch(FIND_STOPPED, consumer, digests)
    return frozenset((row["topic"], row["key"]) for row in rows) & frozenset(keys)


async def lock_keys(connection: Connection, consumer: str, keys: Collection[TopicKey]) -> None:
    """Wait for, and keep until this transaction ends, the right to decide about these keys."""
    await lock_for_transaction(
        connection, [("dead_letter", consumer, topic, key) for topic, key in keys]
    )


async def find_states(
    connection: Connection, consumer: str, records: Sequence[Record]
) -> Mapping[tuple[str, int, int], State]:
    """What is kept already of these records, by topic, partition and offset."""
    if not records:
        return {}
    rows = await connection.fetch(
        FIND_STATES,
        consumer,
        [record.topic for record in records],
        [record.partition for record in records],
        [record.offset for record in records],
        [record.appended_at for record in records],
    )
    return {(row["topic"], row["partition"], row["record_offset"]): row["state"] for row in rows}


async def insert(
    connection: Connection,
    consumer: str,
    readings: Sequence[tuple[Reading, State]],
    *,
    recorded_at: datetime,
) -> None:
    """Keep the records in their order, masked; one that is kept already stays as it is."""
    if not readings:
        return
    columns = zip(*(letter_values(reading, state) for reading, state in readings), strict=True)
    await connection.execute(INSERT, consumer, *(list(column) for column in columns), recorded_at)


async def list_letters(
    connection: Connection,
    *,
    state: State | None,
    consumer: str | None,
    after_id: int,
    limit: int,
) -> list[DeadLetter]:
    """Letters by id, those after `after_id`, at most `limit`."""
    rows = await connection.fetch(LIST, state, consumer, after_id, limit)
    return [letter_of(row) for row in rows]


async def find_letter(connection: Connection, letter_id: int) -> DeadLetter | None:
    """The letter with this id."""
    row = await connection.fetchrow(FIND, letter_id)
    return letter_of(row) if row else None


async def lock_letter(connection: Connection, letter_id: int) -> DeadLetter:
    """The letter with this id, locked until this transaction ends."""
    row = await connection.fetchrow(LOCK, letter_id)
    assert row is not None, "letters are never deleted"
    return letter_of(row)


async def find_first_of_key(
    connection: Connection, consumer: str, topic: str, key: bytes
) -> DeadLetter | None:
    """The letter that came first of those that stop the key or wait behind it."""
    row = await connection.fetchrow(FIND_FIRST_OF_KEY, consumer, topic, key)
    return letter_of(row) if row else None


async def count_of_key(connection: Connection, consumer: str, topic: str, key: bytes) -> int:
    """How many letters stop the key or wait behind it."""
    count: int = await connection.fetchval(COUNT_OF_KEY, consumer, topic, key)
    return count


async def count_open(connection: Connection) -> Mapping[str, int]:
    """How many letters of each state nobody has decided about."""
    counts = {"dead": 0, "parked": 0, "unknown_type": 0}
    for row in await connection.fetch(COUNT_OPEN):
        counts[row["state"]] = row["letters"]
    return counts


async def empty(connection: Connection, consumer: str, keys: Collection[TopicKey]) -> None:
    """Forget what the records of erased keys held; that there were such letters stays known."""
    await connection.execute(
        EMPTY, consumer, [topic for topic, _ in keys], [key for _, key in keys]
    )


async def save_decided(
    connection: Connection,
    letter_id: int,
    *,
    state: Literal["replayed", "discarded"],
    decided_at: datetime,
    note: str | None = None,
    mended_value: bytes | None = None,
) -> None:
    """Note how the letter came to its end."""
    kept_note = None if note is None else storable_text(note)
    await connection.execute(SAVE_DECIDED, letter_id, state, decided_at, kept_note, mended_value)


async def save_failed(
    connection: Connection,
    letter_id: int,
    *,
    state: Literal["dead", "unknown_type"],
    reason: str,
    detail: str,
) -> None:
    """Note that the letter still can't be decided, and why."""
    await connection.execute(
        SAVE_FAILED, letter_id, state, storable_text(reason), storable_text(detail)
    )
