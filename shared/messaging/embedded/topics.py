"""The topics of the embedded bus are those of deploy/kafka/topics.yaml, made by the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from shared.contracts.topics import TopicSpec
from shared.database import Connection, Database, SchemaPlan
from shared.messaging.embedded.faults import faults_named
from shared.messaging.transport import TopicMismatchError

OWNER_ROLE = "sammen_bus"

BUS_PLAN = SchemaPlan(
    schema="bus",
    roles={},
    migrations=(("bus", Path(__file__).parents[1] / "bus_migrations"),),
    owner_role=OWNER_ROLE,
)
"""For `migrate`, beside the plans of the services whose roles will use the bus."""

LOCK_TOPICS = "LOCK TABLE topic IN SHARE ROW EXCLUSIVE MODE"

INSERT_TOPICS = """
WITH created AS (
    INSERT INTO topic (name, partitions, compacted, bytes_max)
    SELECT asked.name, asked.partitions, asked.compacted, asked.bytes_max
    FROM unnest($1::text[], $2::integer[], $3::boolean[], $4::integer[])
        AS asked (name, partitions, compacted, bytes_max)
    ON CONFLICT (name) DO NOTHING
    RETURNING topic_id, name, partitions
), cut AS (
    INSERT INTO partition (topic_id, partition)
    SELECT created.topic_id, number
    FROM created
    CROSS JOIN LATERAL generate_series(0, created.partitions - 1) AS number
)
SELECT name
FROM created
ORDER BY name
"""

SAVE_BYTES_MAX = """
UPDATE topic
SET bytes_max = asked.bytes_max
FROM unnest($1::text[], $2::integer[]) AS asked (name, bytes_max)
WHERE topic.name = asked.name AND topic.bytes_max <> asked.bytes_max
"""

DELETE_PERMISSIONS = """
DELETE FROM permission
USING topic
WHERE permission.topic_id = topic.topic_id
  AND topic.name = ANY ($1)
  AND (topic.name, permission.principal, permission.action) NOT IN (
      SELECT granted.name, granted.principal, granted.action
      FROM unnest($2::text[], $3::text[], $4::text[]) AS granted (name, principal, action)
  )
"""

INSERT_PERMISSIONS = """
INSERT INTO permission (topic_id, principal, action)
SELECT topic.topic_id, granted.principal, granted.action
FROM unnest($1::text[], $2::text[], $3::text[]) AS granted (name, principal, action)
JOIN topic ON topic.name = granted.name
ON CONFLICT DO NOTHING
"""

WAKE_GROUPS = "SELECT wake('g', '{}')"

LIST_TOPICS = """
SELECT
    topic.name, topic.partitions, topic.compacted, topic.bytes_max,
    array_agg(permission.principal ORDER BY permission.principal)
        FILTER (WHERE permission.action = 'write') AS writers,
    array_agg(permission.principal ORDER BY permission.principal)
        FILTER (WHERE permission.action = 'read') AS readers
FROM topic
LEFT JOIN permission ON permission.topic_id = topic.topic_id
WHERE topic.name = ANY ($1)
GROUP BY topic.topic_id
"""


async def create_topics(owner_url: str, specs: Sequence[TopicSpec]) -> list[str]:
    """Create the topics that are missing, set who may use each; the names of those created.

    Needs the migrations of BUS_PLAN. The embedded bus keeps every record of a topic that is not
    compacted for ever, whatever its retention says. Raises TopicMismatchError, having changed
    nothing, when a topic exists with another number of partitions or another cleanup.
    """
    async with _owner(owner_url) as connection:
        await connection.execute(LOCK_TOPICS)
        created = await connection.fetch(
            INSERT_TOPICS,
            [spec.name for spec in specs],
            [spec.partitions for spec in specs],
            [spec.cleanup == "compact" for spec in specs],
            [spec.maximum_bytes for spec in specs],
        )
        await connection.execute(
            SAVE_BYTES_MAX,
            [spec.name for spec in specs],
            [spec.maximum_bytes for spec in specs],
        )
        await _save_permissions(connection, specs)
        if wrong := await _complaints(connection, specs):
            raise TopicMismatchError(f"{'; '.join(wrong)}; give it a name of its own")
        await connection.execute(WAKE_GROUPS)
    return [row["name"] for row in created]


async def check_topics(owner_url: str, specs: Sequence[TopicSpec]) -> list[str]:
    """What differs between the topics there are and those there should be, a sentence each."""
    async with _owner(owner_url) as connection:
        return await _complaints(connection, specs)


@asynccontextmanager
async def _owner(owner_url: str) -> AsyncIterator[Connection]:
    """One transaction as the role that owns the bus, which the database's owner may act as."""
    with faults_named():
        database = await Database.connect(
            owner_url, application_name="sammen topics", schema="bus", connections_max=1
        )
        try:
            async with database.transaction() as connection:
                await connection.execute(f"SET LOCAL ROLE {OWNER_ROLE}")
                yield connection
        finally:
            await database.close()


async def _save_permissions(connection: Connection, specs: Sequence[TopicSpec]) -> None:
    granted = [
        (spec.name, principal, action)
        for spec in specs
        for action, principals in (("write", spec.writers), ("read", spec.readers))
        for principal in principals
    ]
    columns = [[row[column] for row in granted] for column in range(3)]
    await connection.execute(DELETE_PERMISSIONS, [spec.name for spec in specs], *columns)
    await connection.execute(INSERT_PERMISSIONS, *columns)


async def _complaints(connection: Connection, specs: Sequence[TopicSpec]) -> list[str]:
    rows = await connection.fetch(LIST_TOPICS, [spec.name for spec in specs])
    found = {row["name"]: row for row in rows}
    complaints = []
    for spec in specs:
        if spec.name not in found:
            complaints.append(f"topic {spec.name} is missing")
            continue
        row = found[spec.name]
        for what, is_so, should_be in (
            ("partitions", row["partitions"], spec.partitions),
            ("cleanup", "compact" if row["compacted"] else "delete", spec.cleanup),
            ("maximum_bytes", row["bytes_max"], spec.maximum_bytes),
            ("writers", row["writers"] or [], sorted(spec.writers)),
            ("readers", row["readers"] or [], sorted(spec.readers)),
        ):
            if is_so != should_be:
                complaints.append(f"{what} of topic {spec.name}: {is_so}, not {should_be}")
    return complaints
