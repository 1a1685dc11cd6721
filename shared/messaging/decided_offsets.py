"""How far a consumer has decided each partition, kept with the decisions in its own database.

A bus keeps offsets of its own. They go on without the decisions when a database is restored from a
backup, when a stand-by takes over that lacks the last transactions, and when somebody moves a group
by hand. What the database says decides where a consumer begins; records that come again are known
to the inbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from shared.database import Connection, Database
from shared.messaging.retry import transient_kind
from shared.messaging.transport import (
    DecisionsLostError,
    Place,
    Record,
    TransportError,
    TransportUnavailableError,
)
from shared.observability.logs import Log

LOG = Log(__name__)

LIST_DECIDED = """
SELECT place.topic, place.partition, decided.next_offset
FROM unnest($2::text[], $3::integer[]) AS place (topic, partition)
LEFT JOIN heard_topic AS heard
    ON heard.consumer = $1 AND heard.topic = place.topic
LEFT JOIN decided_offset AS decided
    ON decided.consumer = $1
    AND decided.topic = place.topic
    AND decided.partition = place.partition
WHERE heard.from_the_first IS NOT FALSE OR decided.next_offset IS NOT NULL
"""

# What a release before this one has decided: believed once, and a backup from now on holds it.
ADOPT = """
INSERT INTO decided_offset (consumer, topic, partition, next_offset)
SELECT $1, place.topic, place.partition, place.next_offset
FROM unnest($2::text[], $3::integer[], $4::bigint[]) AS place (topic, partition, next_offset)
JOIN heard_topic AS heard
    ON heard.consumer = $1 AND heard.topic = place.topic AND NOT heard.from_the_first
ON CONFLICT (consumer, topic, partition) DO NOTHING
"""

# Never back: a late transaction of a member that was replaced may be behind its successor's.
MOVE = """
WITH moved (topic, partition, next_offset) AS (
    SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[])
),
before AS (
    SELECT decided.topic, decided.partition, decided.next_offset
    FROM decided_offset AS decided
    JOIN moved USING (topic, partition)
    WHERE decided.consumer = $1
),
saved AS (
    INSERT INTO decided_offset AS decided (consumer, topic, partition, next_offset)
    SELECT $1, topic, partition, next_offset FROM moved ORDER BY topic, partition
    ON CONFLICT (consumer, topic, partition) DO UPDATE
    SET next_offset = greatest(decided.next_offset, excluded.next_offset)
)
SELECT topic, partition, next_offset FROM before
"""


class DecidedOffsets:
    """One consumer's decided offsets: what its database says, and what this process saw there."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._seen: dict[Place, int] = {}

    async def whence(self, places: Mapping[Place, int | None]) -> Mapping[Place, int | None]:
        """See transport.Whence, but for a database that is away: that is for `waited_for`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                LIST_DECIDED,
                self._consumer,
                [topic for topic, _ in places],
                [partition for _, partition in places],
            )
            decided = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            unsaid = [
                (*place, offset)
                for place, offset in places.items()
                if offset is not None and place not in decided and place not in self._seen
            ]
            if unsaid:
                columns = map(list, zip(*unsaid, strict=True))
                await connection.execute(ADOPT, self._consumer, *columns)
        # Who begins where it was told must find at least that with the first batch. A look comes
        # here, too: what was seen never becomes less by it, a batch at hand must still miss it.
        self.noted({place: offset for place, offset in decided.items() if offset is not None})
        # Of what was seen once it can be said that it is gone.
        return {**{place: None for place in places if place in self._seen}, **decided}

    async def move(self, connection: Connection, records: Iterable[Record]) -> Mapping[Place, int]:
        """Write down that these records are decided, with what decides them; to be `noted` after.

        Raises DecisionsLostError when less is decided than this process has seen; from then on it
        has seen nothing.
        """
        moved = {(record.topic, record.partition): record.offset + 1 for record in records}
        rows = await connection.fetch(
            MOVE,
            self._consumer,
            [topic for topic, _ in moved],
            [partition for _, partition in moved],
            list(moved.values()),
        )
        before = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        there = {place: before.get(place, 0) for place in moved}
        lost = {place for place in moved if there[place] < self._seen.get(place, 0)}
        if lost:
            topic, partition = place = min(lost)
            seen = self._seen[place]
            # Of every place: each is begun anew, and would be missed once more by its own batch.
            self._seen = dict.fromkeys(self._seen, 0)
            LOG.error("decisions_lost", consumer=self._consumer, partitions=len(lost))
            raise DecisionsLostError(
                f"{self._consumer} had decided {topic}-{partition} up to offset {seen}, and its "
                f"database knows of {there[place]}"
            )
        return moved

    def noted(self, moved: Mapping[Place, int]) -> None:
        """Remember what was moved, once it is committed."""
        for place, offset in moved.items():
            self._seen[place] = max(offset, self._seen.get(place, 0))


@contextmanager
def waited_for(consumer: str) -> Iterator[None]:
    """Let a database that is away count as a bus that is away: raises TransportUnavailableError."""
    try:
        yield
    except TransportError:
        raise
    except Exception as error:
        if transient_kind(error) is None:
            raise
        raise TransportUnavailableError(
            f"where {consumer} is to begin stands in its database: {error}"
        ) from error
