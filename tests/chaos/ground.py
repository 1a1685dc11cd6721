"""What the services stand on: three brokers, a PostgreSQL, an issuer of tokens, and a folder."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from deploy.kafka.local import LocalKafka
from services.__main__ import all_services
from shared.contracts.topics import load_topics
from shared.database import Database, EmbeddedPostgres, EmbeddedServer, Fault, Row, fault_of
from shared.messaging.kafka import provisioning
from shared.messaging.kafka.access import KafkaAccess
from shared.runtime.clock import SystemClock
from shared.runtime.plans import database_setting, plans_for, role_of
from shared.runtime.service import Service
from shared.runtime.settings import variable
from shared.runtime.transports import kafka_password_setting
from shared.web.issuer import PATH, DevelopmentIssuer, issuer_router
from shared.web.server import HttpServer
from tests.support.kafka_cluster import access_to, admin_client
from tests.support.lifelines import guarded
from tests.support.postgres import ROLE_PASSWORD, TestDatabase, database_maker

LOOPBACK = "127.0.0.1"
NODES = (1, 2, 3)


class Outage:
    """Whether anything of the ground is away, from the harm until everything has recovered."""

    def __init__(self) -> None:
        self._going_on = 0
        self._over_at = -math.inf

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Something is away until the block ends."""
        self._going_on += 1
        try:
            yield
        finally:
            self._going_on -= 1
            self._over_at = time.monotonic()

    def was_since(self, moment: float) -> bool:
        """Whether it was so at any time since then (as `time.monotonic()`)."""
        return self._going_on > 0 or self._over_at >= moment


@dataclass(frozen=True)
class Ground:
    """Everything that is there before the first service starts."""

    folder: Path
    kafka: LocalKafka
    postgres: EmbeddedPostgres
    server: EmbeddedServer
    database: TestDatabase
    owner: Database
    """To look with, into every schema."""
    admin: AdminClient
    """To look with, at the brokers."""
    issuer: DevelopmentIssuer
    services: Sequence[Service]
    began: float
    outage: Outage = field(default_factory=Outage)

    async def look(self, query: str, *arguments: object) -> list[Row] | None:
        """What the database answers; None while it answers nobody."""
        try:
            async with self.owner.connection() as connection:
                return await connection.fetch(query, *arguments)
        except Exception as error:
            if fault_of(error) is not Fault.UNAVAILABLE:
                raise
            return None

    @property
    def mails(self) -> Path:
        """Where notifications puts what it sends."""
        return self.folder / "mails"

    @property
    def access(self) -> KafkaAccess:
        """How anybody reaches the brokers."""
        return access_to(self.kafka)

    def settings_of(self, service: Service) -> dict[str, str]:
        """The environment that `sammen run` would be given, ports and name of the process apart."""
        return {
            variable(database_setting(service.name)): self.database.url(role_of(service.name)),
            **self._way_to_kafka(service),
            "SAMMEN_OIDC_ISSUER": self.issuer.address,
            "SAMMEN_SMTP_URL": f"file://{self.mails}",
            "SAMMEN_DATA_DIR": str(self.folder / "data"),
        }

    def _way_to_kafka(self, service: Service) -> dict[str, str]:
        """As the user of its own name, and nobody's password but its own."""
        servers = {"SAMMEN_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers}
        if not self.kafka.secured:
            return {**servers, "SAMMEN_KAFKA_SECURITY": "plain"}
        password = variable(kafka_password_setting(service.name))
        return {
            **servers,
            "SAMMEN_KAFKA_SECURITY": "scram",
            "SAMMEN_KAFKA_CA_FILE": str(self.kafka.ca_file),
            password: self.kafka.password_of(service.name),
        }

    async def wrong_rights(self) -> list[str]:
        """How topics and rights differ from topics.yaml, a sentence each; asks secured brokers."""
        if not self.kafka.secured:
            return []
        return await provisioning.check_topics(self.access, load_topics())


@asynccontextmanager
async def open_ground(*, secured: bool) -> AsyncIterator[Ground]:
    """Brokers with every topic, a migrated database, an issuer; nothing is left of them after.

    Secured brokers ask for TLS and a password, and let each service do what topics.yaml says.
    """
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="sammen-soak-"))
        stack.enter_context(guarded(folder))
        services = all_services()
        kafka = LocalKafka(
            folder / "kafka",
            nodes=len(NODES),
            secured=secured,
            users={service.name: "" for service in services} if secured else {},
            fast_failover=True,
            throw_away=True,
        )
        starting = asyncio.create_task(asyncio.to_thread(kafka.start))
        stack.push_async_callback(_stop_kafka, kafka, starting)
        postgres = EmbeddedPostgres(folder / "postgres" / "server")
        server = await postgres.start()
        stack.push_async_callback(postgres.stop)
        make_database = await stack.enter_async_context(database_maker(server, {}))
        passwords = {service.name: ROLE_PASSWORD for service in services}
        database = await make_database(plans_for(services, passwords, with_bus=False))
        owner = await Database.connect(database.owner_url, application_name="soak")
        stack.push_async_callback(postgres.start)  # a soak cut short may leave it dead
        stack.push_async_callback(owner.close)
        issuer = await _open_issuer(stack)
        await starting
        ground = Ground(
            folder=folder,
            kafka=kafka,
            postgres=postgres,
            server=server,
            database=database,
            owner=owner,
            admin=admin_client(access_to(kafka)),
            issuer=issuer,
            services=services,
            began=time.time(),
        )
        await provisioning.create_topics(ground.access, load_topics())
        yield ground


async def _stop_kafka(kafka: LocalKafka, starting: asyncio.Task[None]) -> None:
    await asyncio.wait([starting])
    await asyncio.to_thread(lambda: kafka.stop(at_once=True))


async def _open_issuer(stack: AsyncExitStack) -> DevelopmentIssuer:
    http = HttpServer("issuer", LOOPBACK, 0)
    stack.push_async_callback(http.stop)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = DevelopmentIssuer(f"http://{LOOPBACK}:{http.port}{PATH}", key, SystemClock())
    app = FastAPI()
    app.include_router(issuer_router(issuer))
    await http.start(app)
    return issuer
