"""Topics as a consumer first heard them, so that one created anew is not taken for the old one."""

from __future__ import annotations

from collections.abc import Mapping

from shared.database import Connection, Database
from shared.messaging.transport import OffsetGapError

LIST_HEARD = """
SELECT topic, identity
FROM heard_topic
WHERE consumer = $1
"""

INSERT_HEARD = """
INSERT INTO heard_topic (consumer, topic, identity, from_the_first)
SELECT $1, topic, identity, true
FROM unnest($2::text[], $3::text[]) AS now (topic, identity)
ON CONFLICT (consumer, topic) DO NOTHING
"""

SAVE_HEARD = """
INSERT INTO heard_topic (consumer, topic, identity, from_the_first)
VALUES ($1, $2, $3, true)
ON CONFLICT (consumer, topic) DO UPDATE SET identity = excluded.identity, from_the_first = true
"""

# They were offsets of the topic of this name that is gone.
FORGET_DECIDED = """
DELETE FROM decided_offset
WHERE consumer = $1 AND topic = $2
"""


async def recognise(database: Database, consumer: str, identities: Mapping[str, str]) -> None:
    """Compare the topics there are with those heard before, and remember those that are new.

    Raises OffsetGapError when one was created anew: what lay in the old one and was not heard yet
    is gone from the bus.
    """
    async with database.transaction() as connection:
        rows = await connection.fetch(LIST_HEARD, consumer)
        anew = sorted(
            row["topic"]
            for row in rows
            if identities.get(row["topic"], row["identity"]) != row["identity"]
        )
        if anew:
            raise OffsetGapError(
                f"{', '.join(anew)} was deleted and created anew since {consumer} heard it. "
                f"Remedy: have its publisher send what it kept again (`sammen republish`), and "
                f"`sammen rewind {consumer} {anew[0]}`; what is known already changes nothing."
            )
        await connection.execute(INSERT_HEARD, consumer, [*identities], [*identities.values()])


async def accept(connection: Connection, consumer: str, topic: str, identity: str) -> None:
    """Hear a topic as it is now, whatever was heard under its name before."""
    await connection.execute(FORGET_DECIDED, consumer, topic)
    await connection.execute(SAVE_HEARD, consumer, topic, identity)
