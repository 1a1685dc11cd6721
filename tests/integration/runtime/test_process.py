"""A process starts with real settings or not at all, drains when told, and ends for a reason."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import httpx
import pytest

from shared.contracts.membership import CompanyJoined
from shared.database import Database
from shared.messaging.work import Received, UndecidableError, Work, begin_work
from shared.runtime.clock import SystemClock
from shared.runtime.plans import role_of
from shared.runtime.supervision import run_until_stopped
from shared.runtime.system import Surroundings
from shared.runtime.transports import transport_opener
from shared.values.cvr import is_cvr
from shared.web.server import HttpServer
from tests.support.postgres import DatabaseFactory, TestDatabase
from tests.support.processes import TINY, hearing, never_ends, process, wait_for
from tests.support.services import prepared_database, settings_for

CVR = "99000007"


@pytest.fixture
async def database(database_factory: DatabaseFactory) -> TestDatabase:
    return await prepared_database(database_factory, TINY)


def environment(database: TestDatabase, service: str) -> dict[str, str]:
    return {
        f"SAMMEN_{service.upper()}_DATABASE_URL": database.url(role_of(service)),
        "SAMMEN_KAFKA_BOOTSTRAP_SERVERS": "embedded",
        "SAMMEN_OIDC_ISSUER": "http://127.0.0.1:9/issuer",
        "SAMMEN_HTTP_PORT": "0",
        "SAMMEN_OPS_PORT": "0",
    }


async def publish(database: TestDatabase, cvrs: Sequence[str] = (CVR,)) -> None:
    """Put events into the tiny membership's outbox, each with a key of its own."""
    own = await Database.connect(
        database.url(role_of("membership")), application_name="test", schema="membership"
    )
    async with begin_work(own, SystemClock(), service="membership") as work:
        for cvr in cvrs:
            work.publish(CompanyJoined(cvr=cvr, joined_on=work.today))
    await own.close()


async def test_a_signal_drains_and_ends_well(database: TestDatabase) -> None:
    with process("membership", environment(database, "membership")) as running:
        said = json.loads(wait_for(running, "process_ready"))
        async with httpx.AsyncClient(base_url=said["ops_address"]) as client:
            assert (await client.get("/health/live")).status_code == 200
        running.send_signal(signal.SIGTERM)
        output, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, "")
    actions = [json.loads(line)["action"] for line in output.splitlines()]
    assert actions[0] == "process_draining"
    assert actions[-1] == "process_stopped"


async def test_a_second_signal_ends_the_process_at_once(database: TestDatabase) -> None:
    await publish(database)
    with (
        process("membership", environment(database, "membership")) as relaying,
        process("stuck", environment(database, "evaluation")) as running,
    ):
        wait_for(relaying, "process_ready")
        wait_for(running, "handler entered")
        running.send_signal(signal.SIGTERM)
        wait_for(running, "process_draining")
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=10) == 128 + signal.SIGTERM
        relaying.send_signal(signal.SIGINT)
        assert relaying.wait(timeout=30) == 0


@pytest.mark.parametrize(
    "missing",
    ["SAMMEN_EVALUATION_DATABASE_URL", "SAMMEN_KAFKA_BOOTSTRAP_SERVERS", "SAMMEN_OIDC_ISSUER"],
)
async def test_a_missing_setting_is_named_and_nothing_starts(
    database: TestDatabase, missing: str
) -> None:
    given = environment(database, "evaluation")
    del given[missing]
    assert missing in ends_with_usage(given)


async def test_a_setting_nobody_knows_is_named_and_nothing_starts(database: TestDatabase) -> None:
    given = environment(database, "evaluation") | {"SAMMEN_OPS_PROT": "1"}
    assert "SAMMEN_OPS_PROT is no setting of Sammen; did you mean SAMMEN_OPS_PORT" in (
        ends_with_usage(given)
    )


async def test_a_broker_this_version_cannot_speak_to_is_refused(database: TestDatabase) -> None:
    given = environment(database, "evaluation")
    given["SAMMEN_KAFKA_BOOTSTRAP_SERVERS"] = "kafka:9092"
    assert "SAMMEN_KAFKA_BOOTSTRAP_SERVERS names a broker" in ends_with_usage(given)


def ends_with_usage(given: dict[str, str]) -> str:
    """What a process says that ends with status 2, in one line and without a trace."""
    with process("evaluation", given) as running:
        output, errors = running.communicate(timeout=30)
    assert (running.returncode, output) == (2, "")
    assert len(errors.splitlines()) == 1
    return str(errors)


async def test_a_wrong_password_is_told_in_one_line(database: TestDatabase) -> None:
    given = environment(database, "evaluation")
    url = given["SAMMEN_EVALUATION_DATABASE_URL"]
    given["SAMMEN_EVALUATION_DATABASE_URL"] = url.replace(":only-for-tests@", ":wrong@")
    with process("evaluation", given) as running:
        _, errors = running.communicate(timeout=30)
    assert running.returncode == 1
    assert "evaluation can't start: password authentication failed" in errors
    assert "Traceback" not in errors


async def test_a_taken_port_is_told_with_the_setting_to_change(database: TestDatabase) -> None:
    holder = HttpServer("holder", "0.0.0.0", 0)  # noqa: S104 # where `run` listens
    given = environment(database, "evaluation") | {"SAMMEN_OPS_PORT": str(holder.port)}
    with process("evaluation", given) as running:
        _, errors = running.communicate(timeout=30)
    holder.release()
    assert running.returncode == 1
    assert f"Port {holder.port}" in errors
    assert "SAMMEN_OPS_PORT" in errors


@asynccontextmanager
async def surroundings(
    database: TestDatabase, stalled_seconds_max: float = 60.0
) -> AsyncIterator[Surroundings]:
    settings = settings_for(database, TINY, "http://127.0.0.1:9/issuer")
    yield Surroundings(
        settings=settings,
        clock=SystemClock(),
        open_transport=transport_opener(settings),
        http=HttpServer("HTTP", "127.0.0.1", 0),
        ops=HttpServer("operators'", "127.0.0.1", 0),
        stalled_seconds_max=stalled_seconds_max,
    )


async def test_a_consumer_that_stands_still_ends_the_process_with_status_70(
    database: TestDatabase,
) -> None:
    await publish(database)
    services = [TINY[0], hearing(never_ends)]
    around = surroundings(database, stalled_seconds_max=1.0)
    async with asyncio.timeout(60):
        assert await run_until_stopped(around, services) == 70


async def test_too_many_dead_letters_in_a_row_end_the_process(database: TestDatabase) -> None:
    async def cannot(_work: Work, _received: Sequence[Received[CompanyJoined]]) -> None:
        raise UndecidableError("never")

    numbers = (str(number) for number in range(99000000, 99001000))
    await publish(database, list(islice(filter(is_cvr, numbers), 20)))
    async with asyncio.timeout(60):
        assert await run_until_stopped(surroundings(database), [TINY[0], hearing(cannot)]) == 1
