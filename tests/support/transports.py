"""Buses under test: what the conformance suite needs of one, and the embedded bus as one.

A bus of another kind joins the suite with a class like EmbeddedBus, a line in `open_address` and
one in BUSES.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from shared.contracts.topics import TopicSpec
from shared.database import Database, EmbeddedServer, Row
from shared.messaging.embedded import BUS_PLAN, EmbeddedTransport, create_topics
from shared.messaging.transport import Transport
from tests.support.buses import PRINCIPALS, READER, SESSION_SECONDS, WRITER, Bus
from tests.support.kafka_bus import kafka_bus, open_kafka
from tests.support.postgres import TestDatabase, database_maker, login_plan


def open_address(address: str) -> Transport:
    """A transport, not yet started, to the bus and as the principal that the address names."""
    where = json.loads(address)
    match where["kind"]:
        case "embedded":
            return EmbeddedTransport(
                where["url"], session_timeout_seconds=SESSION_SECONDS, poll_seconds=0.5
            )
        case "kafka":
            return open_kafka(where)
        case unknown:
            raise AssertionError(f"no bus of kind {unknown}")


class EmbeddedBus:
    """The embedded bus in a database of its own."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database

    async def create_topic(
        self,
        name: str,
        *,
        partitions: int = 1,
        compacted: bool = False,
        maximum_bytes: int = 100_000,
        writers: Sequence[str] = (WRITER,),
        readers: Sequence[str] = (READER,),
    ) -> None:
        spec = TopicSpec(
            name=name,
            partitions=partitions,
            cleanup="compact" if compacted else "delete",
            retention=None,
            writers=tuple(writers),
            readers=tuple(readers),
            maximum_bytes=maximum_bytes,
            replication_factor=1,
            minimum_in_sync_replicas=1,
        )
        await create_topics(self.database.owner_url, [spec])

    async def delete_topic(self, name: str) -> None:
        await self.as_superuser("DELETE FROM bus.topic WHERE name = $1", name)

    async def delete_records(self, topic: str, *, partition: int, before: int) -> None:
        await self.as_superuser(
            """
            DELETE FROM bus.record
            USING bus.topic
            WHERE record.topic_id = topic.topic_id
              AND topic.name = $1 AND record.partition = $2 AND record.record_offset < $3
            """,
            topic,
            partition,
            before,
        )

    def address(self, principal: str) -> str:
        return json.dumps({"kind": "embedded", "url": self.database.url(f"sammen_{principal}")})

    async def as_superuser(self, statement: str, *values: object) -> list[Row]:
        """Run a statement with all rights there are."""
        database = await Database.connect(
            self.database.superuser_url, application_name="bus under test", connections_max=1
        )
        try:
            async with database.connection() as connection:
                return await connection.fetch(statement, *values)
        finally:
            await database.close()


@asynccontextmanager
async def embedded_bus(
    server: EmbeddedServer, template_names: dict[str, str]
) -> AsyncIterator[EmbeddedBus]:
    """An embedded bus for a test session."""
    async with database_maker(server, template_names) as make_database:
        plans = [login_plan(principal) for principal in PRINCIPALS]
        yield EmbeddedBus(await make_database([*plans, BUS_PLAN]))


def _one_broker(_: EmbeddedServer, __: dict[str, str]) -> AbstractAsyncContextManager[Bus]:
    return kafka_bus()


def _three_brokers(_: EmbeddedServer, __: dict[str, str]) -> AbstractAsyncContextManager[Bus]:
    return kafka_bus(nodes=3)


OpenBus = Callable[[EmbeddedServer, dict[str, str]], AbstractAsyncContextManager[Bus]]

BUSES: dict[str, OpenBus] = {
    "embedded": embedded_bus,
    "kafka": _one_broker,
    "kafka-of-three": _three_brokers,
}
