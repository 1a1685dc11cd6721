"""Systems under test: any services, over a real database and bus, in this process.

`start_system` is for every test that needs a running system; the tiny services below are for
tests of what the services stand on.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from shared.contracts.membership import CompanyJoined
from shared.contracts.topics import load_topics
from shared.messaging.embedded import create_topics
from shared.messaging.work import Hears, Received, Work
from shared.observability.logs import configure_logs
from shared.runtime.clock import SystemClock
from shared.runtime.plans import database_setting, plans_for, role_of
from shared.runtime.service import Service, ServiceContext
from shared.runtime.settings import EMBEDDED_BUS, Settings
from shared.runtime.system import Surroundings, System
from shared.runtime.transports import transport_opener
from shared.values.clock import Clock
from shared.values.cvr import parse_cvr
from shared.web.body import FromJson
from shared.web.idempotency import Answer, answer_once
from shared.web.identity import Identity, Role, allow
from shared.web.issuer import PATH, DevelopmentIssuer
from shared.web.server import HttpServer
from tests.support.clock import clock_at
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory, TestDatabase

TINY = Path(__file__).parent / "tiny"
LOOPBACK = "127.0.0.1"
SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class SystemUnderTest:
    """A running system, and the ways in."""

    system: System
    database: TestDatabase
    issuer: DevelopmentIssuer

    async def settled(self) -> None:
        """Wait until all that follows from what was sent has happened."""
        await self.system.settled(SETTLE_SECONDS)

    @asynccontextmanager
    async def client(
        self,
        role: Role | None = None,
        *,
        municipality: str | None = None,
        cvr: str | None = None,
        subject: str | None = None,
    ) -> AsyncIterator[httpx.AsyncClient]:
        """An HTTP client, with a token of the role if one is named."""
        headers = {}
        if role is not None:
            token = self.issuer.issue_token(
                role, municipality=municipality, cvr=cvr, subject=subject
            )
            headers["Authorization"] = f"Bearer {token}"
        # The server closes an idle connection after 5 s; none is used again near that moment.
        limits = httpx.Limits(keepalive_expiry=1.0)
        address = self.system.address
        async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits) as client:
            yield client


def settings_for(
    database: TestDatabase, services: Sequence[Service], issuer: str, **more: object
) -> Settings:
    """Settings that let the services work in the database."""
    addresses = {
        database_setting(service.name): database.url(role_of(service.name)) for service in services
    }
    return Settings.model_validate(
        {
            "kafka_bootstrap_servers": EMBEDDED_BUS,
            "oidc_issuer": issuer,
            "http_port": 0,
            "ops_port": 0,
            **addresses,
            **more,
        }
    )


async def prepared_database(
    make_database: DatabaseFactory, services: Sequence[Service]
) -> TestDatabase:
    """A database with the services' schemas, the bus and its topics."""
    passwords = {service.name: ROLE_PASSWORD for service in services}
    database = await make_database(plans_for(services, passwords))
    await create_topics(database.owner_url, load_topics())
    return database


@asynccontextmanager
async def running_system(
    database: TestDatabase, services: Sequence[Service], *, clock: Clock, **more: object
) -> AsyncIterator[SystemUnderTest]:
    """The services at work in a prepared database, until the block ends."""
    http, ops = HttpServer("HTTP", LOOPBACK, 0), HttpServer("operators'", LOOPBACK, 0)
    issuer = DevelopmentIssuer(
        f"http://{LOOPBACK}:{http.port}{PATH}",
        ec.generate_private_key(ec.SECP256R1()),
        SystemClock(),
    )
    settings = settings_for(database, services, issuer.address, **more)
    system = System(
        services,
        Surroundings(
            settings=settings,
            clock=clock,
            open_transport=transport_opener(settings),
            http=http,
            ops=ops,
            own_issuer=issuer,
        ),
    )
    await system.start()
    try:
        yield SystemUnderTest(system, database, issuer)
    finally:
        await system.stop()


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log as a process does; left alone, the library renders each trace for seconds."""
    configure_logs(io.StringIO(), renderer="json")


@pytest.fixture(autouse=True)
def _plain_logs_again() -> None:
    """A command of ours run in this process sets the level of all that follow."""
    configure_logs(io.StringIO(), renderer="json")


class StartSystem(Protocol):
    """Starts services in a fresh database; `more` are settings."""

    async def __call__(
        self, *services: Service, clock: Clock | None = None, **more: object
    ) -> SystemUnderTest: ...


@pytest.fixture
async def start_system(database_factory: DatabaseFactory) -> AsyncIterator[StartSystem]:
    """Start systems, each in a database of its own; all are stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            *services: Service, clock: Clock | None = None, **more: object
        ) -> SystemUnderTest:
            database = await prepared_database(database_factory, services)
            running = running_system(
                database, services, clock=clock or clock_at("2017-03-01"), **more
            )
            return await stack.enter_async_context(running)

        yield start


class Joining(BaseModel):
    """A company that joins the tiny membership."""

    model_config = ConfigDict(strict=True, extra="forbid")

    cvr: str


INSERT_JOINED = "INSERT INTO joined (cvr, joined_on) VALUES ($1, $2)"
COUNT_HEARD = """
INSERT INTO company (cvr, heard)
     SELECT cvr, 1 FROM unnest($1::text[]) AS told (cvr)
ON CONFLICT (cvr) DO UPDATE SET heard = company.heard + 1
"""


def tiny_router(context: ServiceContext) -> APIRouter:
    """One way to join."""
    routes = APIRouter(prefix="/membership/v1")

    @routes.post("/companies", status_code=201)
    async def join(
        request: Request,
        asked: FromJson[Joining],
        caller: Annotated[Identity, Depends(allow("company", "caseworker"))],
    ) -> Response:
        async with context.begin() as work:
            return await answer_once(work, caller, request, lambda: act(work, asked))

    async def act(work: Work, asked: Joining) -> Answer:
        cvr = parse_cvr(asked.cvr)
        await work.connection.execute(INSERT_JOINED, cvr, work.today)
        work.publish(CompanyJoined(cvr=cvr, joined_on=work.today))
        return Answer({"cvr": cvr, "joined_on": work.today}, 201)

    return routes


async def count_heard(work: Work, received: Sequence[Received[CompanyJoined]]) -> None:
    """Count how often each company was heard of."""
    await work.connection.execute(COUNT_HEARD, [each.event.cvr for each in received])


TINY_MEMBERSHIP = Service(
    name="membership",
    summary="Companies, in one table",
    publishes=(CompanyJoined,),
    hears=(),
    timers=(),
    routers=(tiny_router,),
    migrations=TINY / "membership",
)
TINY_EVALUATION = Service(
    name="evaluation",
    summary="How often each company was heard of",
    publishes=(),
    hears=(
        Hears(
            name="companies",
            topics=("membership.events.v1",),
            events=(CompanyJoined,),
            handler=count_heard,
        ),
    ),
    timers=(),
    routers=(),
    migrations=TINY / "evaluation",
)
