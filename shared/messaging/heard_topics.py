"""Topics as a consumer first heard them, so that one created anew is not taken for the old one."""

from __future__ import annotations

from collections.abc import Collection

from shared.database import Connection, Database
from shared.messaging.transport import OffsetGapError, Transport

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


class HeardTopics:
    """The topics one consumer hears: as they are, beside what its database says of them."""

    def __init__(self, database: Database, consumer: str, transport: Transport) -> None:
        self._database = database
        self._consumer = consumer
        self._transport = transport
        self._identities: dict[str, str] = {}

    async def recognise(self, topics: Collection[str]) -> None:
        """Compare these topics, and all that were met before, with those heard; remember new ones.

        Topics are names, or patterns. The database is asked each time: it may have been exchanged
        for one that knows another topic by a name, whose offsets would be taken for this one's.
        Raises OffsetGapError when one was created anew: what lay in the old one and was not heard
        yet is gone from the bus. Raises what the transport says about topics and permission.
        """
        if unmet := [topic for topic in topics if topic not in self._identities]:
            self._identities |= await self._transport.identify(unmet)
        async with self._database.transaction() as connection:
            rows = await connection.fetch(LIST_HEARD, self._consumer)
            heard = {row["topic"]: row["identity"] for row in rows}
            met = self._identities
            if anew := sorted(
                topic for topic in heard if met.get(topic, heard[topic]) != heard[topic]
            ):
                raise OffsetGapError(
                    f"{', '.join(anew)} was deleted and created anew since {self._consumer} heard "
                    f"it. Remedy: have its publisher send what it kept again (`sammen republish`), "
                    f"and `sammen rewind {self._consumer} {anew[0]}`; what is known already "
                    f"changes nothing."
                )
            if met.keys() - heard.keys():
                await connection.execute(INSERT_HEARD, self._consumer, [*met], [*met.values()])


async def accept(connection: Connection, consumer: str, topic: str, identity: str) -> None:
    """Hear a topic as it is now, whatever was heard under its name before."""
    await connection.execute(FORGET_DECIDED, consumer, topic)
    await connection.execute(SAVE_HEARD, consumer, topic, identity)
