"""A topic deleted under a running service: the process ends and says why; two commands mend it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from deploy.kafka.local import LocalKafka
from shared.contracts.membership import CompanyJoined
from shared.database import Database
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.work import begin_work
from shared.runtime.clock import SystemClock
from shared.runtime.plans import database_setting, role_of
from shared.runtime.supervision import run_until_stopped
from shared.runtime.system import Surroundings, System
from shared.web.server import HttpServer
from tests.integration.commands.conftest import Sammen, sammen
from tests.support.evidence import Logged, shown
from tests.support.kafka_bus import LOOK_SECONDS, TIMES
from tests.support.kafka_cluster import access_to, admin_client
from tests.support.messaging import cvrs
from tests.support.postgres import DatabaseFactory, TestDatabase
from tests.support.services import (
    LOOPBACK,
    TINY_EVALUATION,
    TINY_MEMBERSHIP,
    prepared_database,
    settings_for,
)
from tests.support.waiting import until

__all__ = ["sammen"]

TOPIC = "membership.events.v1"
COMPANIES = cvrs(20)
ENDS_SECONDS_MAX = 30.0
# Its consumer is called as the real evaluation's, whom the commands know.
EVALUATION = replace(
    TINY_EVALUATION, hears=tuple(replace(each, name="membership") for each in TINY_EVALUATION.hears)
)
SERVICES = (TINY_MEMBERSHIP, EVALUATION)


async def _tell(database: TestDatabase, companies: list[str]) -> None:
    own = await Database.connect(
        database.url(role_of("membership")), application_name="test", schema="membership"
    )
    async with begin_work(own, SystemClock(), service="membership") as work:
        for cvr in companies:
            work.publish(CompanyJoined(cvr=cvr, joined_on=work.today))
    await own.close()


async def _heard(database: TestDatabase) -> dict[str, int]:
    """How often evaluation has counted each company."""
    own = await Database.connect(
        database.url(role_of("evaluation")), application_name="test", schema="evaluation"
    )
    try:
        async with own.connection() as connection:
            return {row["cvr"]: row["heard"] for row in await connection.fetch(COUNTED)}
    finally:
        await own.close()


COUNTED = "SELECT cvr, heard FROM company"


async def _until_heard(database: TestDatabase, companies: list[str]) -> None:
    async def all_there() -> bool:
        return (await _heard(database)).keys() == {*companies}

    await until(all_there, what=f"{len(companies)} companies are counted")


@asynccontextmanager
async def _running(
    database: TestDatabase, kafka: LocalKafka
) -> AsyncIterator[tuple[asyncio.Task[int], System]]:
    """The services as a process runs them, with the status it ends with."""

    @asynccontextmanager
    async def surroundings() -> AsyncIterator[Surroundings]:
        yield Surroundings(
            settings=settings_for(database, SERVICES, "http://127.0.0.1:9/issuer"),
            clock=SystemClock(),
            open_transport=lambda _: KafkaTransport(
                access_to(kafka), times=TIMES, look_seconds=LOOK_SECONDS
            ),
            http=HttpServer("HTTP", LOOPBACK, 0),
            ops=HttpServer("operators'", LOOPBACK, 0),
        )

    started: asyncio.Future[System] = asyncio.get_running_loop().create_future()
    life = run_until_stopped(surroundings(), SERVICES, started=started.set_result)
    status = asyncio.create_task(life)
    try:
        either: list[asyncio.Future[Any]] = [status, started]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        assert not status.done(), f"ended at its start: {status.result()}"
        yield status, started.result()
    finally:
        status.cancel()
        await asyncio.wait([status])


def _does(sammen: Sammen, settings: dict[str, str], *command: str) -> None:
    said = sammen(*command, **settings)
    assert said.status == 0, said.errors


async def test_a_lost_topic_ends_the_process_and_two_commands_bring_all_back(
    sammen: Sammen, plain: LocalKafka, database_factory: DatabaseFactory, logged: Logged
) -> None:
    database = await prepared_database(database_factory, SERVICES)
    cluster = {"kafka_bootstrap_servers": plain.bootstrap_servers, "kafka_security": "plain"}
    settings = {
        database_setting(each.name): database.url(role_of(each.name)) for each in SERVICES
    } | cluster
    _does(sammen, settings, "topics", "create", "--copies", "1")
    async with _running(database, plain) as (status, system):
        await _tell(database, COMPANIES[:12])
        await _until_heard(database, COMPANIES[:12])
        administrator = admin_client(access_to(plain))
        await asyncio.wrap_future(administrator.delete_topics([TOPIC])[TOPIC])
        async with asyncio.timeout(ENDS_SECONDS_MAX):
            assert await status == 1
    assert shown(system.metrics, "sammen_component_failures_total") > 0
    told = str(logged.lines("component_failed"))
    assert all(word in told for word in (TOPIC, "`sammen republish`", "`sammen rewind`"))

    await _tell(database, COMPANIES[12:])
    _does(sammen, settings, "topics", "create", "--copies", "1")
    _does(sammen, settings, "republish", "membership", "--since", "2016-01-01")
    _does(sammen, settings, "rewind", "evaluation.membership", TOPIC)
    async with _running(database, plain):
        await _until_heard(database, COMPANIES)
    assert await _heard(database) == dict.fromkeys(COMPANIES, 1)
