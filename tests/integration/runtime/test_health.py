"""Ready means that work gets done: databases answer and consumers move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.contracts.membership import CompanyJoined
from shared.messaging.work import Received, Work
from shared.observability.metrics import Metrics
from shared.runtime.health import STILL_SECONDS_MAX, ProgressWatch, check_ready, live_from
from shared.runtime.running import RunningService
from shared.runtime.transports import transport_opener
from tests.support.clock import clock_at
from tests.support.postgres import DatabaseFactory
from tests.support.processes import TINY, hearing
from tests.support.services import TINY_MEMBERSHIP, prepared_database, settings_for
from tests.support.waiting import until

CVR = "99000007"


class Seconds:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """A handler that waits to be let through."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, _work: Work, _received: Sequence[Received[CompanyJoined]]) -> None:
        self.entered.set()
        await self.open.wait()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def parts(
    database_factory: DatabaseFactory, gate: Gate
) -> AsyncIterator[list[RunningService]]:
    """Membership and a listener, connected and at work."""
    database = await prepared_database(database_factory, TINY)
    services = [TINY_MEMBERSHIP, hearing(gate)]
    settings = settings_for(database, services, "http://127.0.0.1:9/issuer")
    running = [
        RunningService(service, settings=settings, clock=clock_at("2017-03-01"), metrics=Metrics())
        for service in services
    ]
    for part in running:
        await part.connect(transport_opener(settings))
        await part.start_relay()
        await part.start_consumers()
    yield running
    gate.open.set()
    for part in running:
        await part.stop_consumers()
        await part.stop_relay()
        await part.disconnect()


async def publish(parts: list[RunningService]) -> None:
    async with parts[0].context.begin() as work:
        work.publish(CompanyJoined(cvr=CVR, joined_on=work.today))


async def test_a_consumer_that_lags_and_does_not_move_is_not_ready(
    parts: list[RunningService], gate: Gate
) -> None:
    seconds = Seconds()
    watch = ProgressWatch(parts, monotonic=seconds)
    await publish(parts)
    await gate.entered.wait()
    await watch.look()
    seconds.now += STILL_SECONDS_MAX
    await watch.look()
    assert (await check_ready(parts, watch)).good
    seconds.now += 1
    await watch.look()
    health = await check_ready(parts, watch)
    assert health.reasons == ("consumer evaluation.companies lags and does not move",)
    gate.open.set()
    await until(lambda: caught_up(parts), what="the consumer has caught up")
    await watch.look()
    assert (await check_ready(parts, watch)).good


async def caught_up(parts: list[RunningService]) -> bool:
    return (await parts[1].standing()).quiet


async def test_a_consumer_without_work_may_stand_still(parts: list[RunningService]) -> None:
    seconds = Seconds()
    watch = ProgressWatch(parts, monotonic=seconds)
    await watch.look()
    seconds.now += 10 * STILL_SECONDS_MAX
    await watch.look()
    assert (await check_ready(parts, watch)).good


async def test_nothing_is_ready_before_it_was_looked_at(parts: list[RunningService]) -> None:
    health = await check_ready(parts, ProgressWatch(parts))
    assert health.reasons == ("consumer evaluation.companies has not said where it stands",)


async def test_a_database_that_does_not_answer_is_a_reason(parts: list[RunningService]) -> None:
    watch = ProgressWatch(parts)
    await watch.look()
    await parts[0].stop_relay()
    await parts[0].context.database.close()
    (reason,) = (await check_ready(parts, watch)).reasons
    assert reason.startswith("database of membership: ")


async def test_a_part_that_stopped_for_good_is_not_alive() -> None:
    healthy, failed = live_from(list), live_from(lambda: [("relay of bonus", OSError("secret"))])
    assert (await healthy()).good
    assert (await failed()).reasons == ("relay of bonus has stopped: OSError",)
