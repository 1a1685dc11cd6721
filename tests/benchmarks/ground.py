"""Where things are measured: a durable PostgreSQL and an Apache Kafka of our own, not the lean one.

Both are new for each measurement and gone after it.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.kafka.local import LocalKafka
from shared.contracts.topics import load_topics
from shared.database import (
    Database,
    EmbeddedPostgres,
    EmbeddedServer,
    create_database,
    drop_database,
    migrate,
)
from shared.database.migrations import guard_copy
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.provisioning import create_topics
from shared.messaging.kafka.transport import KafkaTransport
from shared.runtime.plans import plans_for, role_of
from shared.runtime.service import Service
from tests.support.lifelines import guarded
from tests.support.postgres import ROLE_PASSWORD, TestDatabase


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL that writes to disk before it says so; databases in it are left to its end."""

    server: EmbeddedServer

    async def database(self, services: Sequence[Service]) -> TestDatabase:
        """A new database with the services' schemas."""
        return await self._made(services, None)

    @asynccontextmanager
    async def copy(
        self, database: TestDatabase, services: Sequence[Service]
    ) -> AsyncIterator[TestDatabase]:
        """Another database like this one, for a while; nobody may be connected to this one."""
        made = await self._made(services, database)
        try:
            yield made
        finally:
            await drop_database(self.server.owner_url, _name(made.owner_url))

    async def _made(
        self, services: Sequence[Service], template: TestDatabase | None
    ) -> TestDatabase:
        name = f"measured_{secrets.token_hex(6)}"
        plans = plans_for(services, {service.name: ROLE_PASSWORD for service in services})
        template_name = _name(template.owner_url) if template else None
        owner_url = await create_database(self.server.owner_url, name, template=template_name)
        if template is None:
            await migrate(owner_url, plans)
        else:
            await guard_copy(owner_url, plans)
        passwords = {role: word for plan in plans for role, word in plan.roles.items()}
        superuser_url = urlsplit(self.server.superuser_url)._replace(path=f"/{name}").geturl()
        return TestDatabase(owner_url, superuser_url, passwords)


@asynccontextmanager
async def open_postgres() -> AsyncIterator[Postgres]:
    """A durable PostgreSQL, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="sammen-bench-postgres-"))
    await asyncio.to_thread(folder.chmod, 0o755)
    postgres = EmbeddedPostgres(folder / "server")
    with guarded(folder):
        try:
            yield Postgres(await postgres.start())
        finally:
            await postgres.stop()


@asynccontextmanager
async def open_kafka() -> AsyncIterator[KafkaAccess]:
    """One broker with Sammen's topics, in the clear, until the block ends."""
    kafka = LocalKafka(
        Path(tempfile.mkdtemp(prefix="sammen-bench-kafka-")), lean=False, throw_away=True
    )
    await asyncio.to_thread(kafka.start)
    try:
        access = KafkaAccess(kafka.bootstrap_servers)
        await create_topics(access, load_topics(), copies_max=1)
        yield access
    finally:
        await asyncio.to_thread(kafka.stop, at_once=True)


@asynccontextmanager
async def connected(database: TestDatabase, service: str) -> AsyncIterator[Database]:
    """The database as the service may use it."""
    connection = await Database.connect(
        database.url(role_of(service)), application_name=f"measured {service}", schema=service
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def started(transport: KafkaTransport) -> AsyncIterator[KafkaTransport]:
    """The transport, started; closed after it."""
    await transport.start()
    try:
        yield transport
    finally:
        await transport.close()


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
