"""Timed work is done once per tick however many processes run, late rather than never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.database import Database
from shared.observability.metrics import Metrics
from shared.runtime.clock import SimulatedClock
from shared.runtime.plans import role_of
from shared.runtime.service import ServiceContext, Timer
from shared.runtime.settings import Settings
from shared.runtime.timers import Timers
from tests.support.clock import clock_at
from tests.support.postgres import DatabaseFactory
from tests.support.services import TINY_MEMBERSHIP, prepared_database
from tests.support.waiting import until

Run = Callable[[ServiceContext], Awaitable[None]]


@dataclass
class Diary:
    """A run that writes down the days it is for, and can be made to wait or fail."""

    days: list[date | None] = field(default_factory=list)
    fails: bool = False
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, context: ServiceContext) -> None:
        self.days.append(context.due_on)
        if self.fails:
            raise RuntimeError("610180-1234 is nobody")
        await self.may_go_on.wait()


@dataclass
class ClockThatBreaks:
    """A clock that can't be read for a while, so that a look at what is owed fails."""

    broken: bool = False

    def now(self) -> datetime:
        if self.broken:
            raise OSError("no time")
        return datetime(2017, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def diary() -> Diary:
    made = Diary()
    made.may_go_on.set()
    return made


@pytest.fixture
def clock() -> SimulatedClock:
    return clock_at("2017-03-01")


MakeProcess = Callable[[], Awaitable[ServiceContext]]


@pytest.fixture
async def process(
    database_factory: DatabaseFactory, clock: SimulatedClock
) -> AsyncIterator[MakeProcess]:
    """Contexts of one service in one database, each as a process of its own has it."""
    prepared = await prepared_database(database_factory, [TINY_MEMBERSHIP])
    databases = []

    async def make() -> ServiceContext:
        database = await Database.connect(
            prepared.url(role_of("membership")), application_name="test", schema="membership"
        )
        databases.append(database)
        return ServiceContext("membership", database, clock, Settings(), Metrics())

    yield make
    for database in databases:
        await database.close()


async def row_of(context: ServiceContext, timer: str) -> dict[str, object]:
    async with context.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM timer WHERE name = $1", timer)
    assert row is not None
    return dict(row.items())


async def test_a_day_is_done_once(process: MakeProcess, diary: Diary) -> None:
    timers = Timers(await process(), [Timer("daily", None, diary)])
    assert await timers.run_due() == 1
    assert await timers.run_due() == 0
    assert diary.days == [date(2017, 3, 1)]


async def test_a_day_is_done_once_by_however_many_processes(
    process: MakeProcess, diary: Diary
) -> None:
    daily = Timer("daily", None, diary)
    crowd = [Timers(await process(), [daily]) for _ in range(4)]
    done = await asyncio.gather(*(timers.run_due() for timers in crowd))
    assert sum(done) == 1
    assert diary.days == [date(2017, 3, 1)]


async def test_while_one_works_others_go_on_without_waiting(
    process: MakeProcess, diary: Diary
) -> None:
    diary.may_go_on.clear()
    other_diary = Diary()
    other_diary.may_go_on.set()
    works = Timers(await process(), [Timer("daily", None, diary)])
    other = Timers(
        await process(), [Timer("daily", None, diary), Timer("another", None, other_diary)]
    )
    working = asyncio.create_task(works.run_due())
    await until(lambda: diary.days != [], what="the first process is at work")
    assert await other.run_due() == 1
    assert other_diary.days == [date(2017, 3, 1)]
    diary.may_go_on.set()
    assert await working == 1
    assert len(diary.days) == 1


async def test_who_dies_at_work_is_followed_by_another(process: MakeProcess, diary: Diary) -> None:
    diary.may_go_on.clear()
    doomed_context = await process()
    doomed = asyncio.create_task(Timers(doomed_context, [Timer("daily", None, diary)]).run_due())
    await until(lambda: diary.days != [], what="the first process is at work")
    doomed.cancel()
    await asyncio.wait([doomed])
    diary.may_go_on.set()
    assert await Timers(await process(), [Timer("daily", None, diary)]).run_due() == 1
    assert diary.days == [date(2017, 3, 1)] * 2


async def test_missed_days_are_caught_up_in_order(
    process: MakeProcess, diary: Diary, clock: SimulatedClock
) -> None:
    daily = Timer("daily", None, diary)
    await Timers(await process(), [daily]).run_due()
    clock.advance_to(clock_at("2017-03-04T00:01").now())
    assert await Timers(await process(), [daily]).run_due() == 3
    assert diary.days == [date(2017, 3, day) for day in (1, 2, 3, 4)]


async def test_the_day_changes_at_midnight_in_copenhagen(
    process: MakeProcess, diary: Diary, clock: SimulatedClock
) -> None:
    timers = Timers(await process(), [Timer("daily", None, diary)])
    await timers.run_due()
    clock.advance_to(clock_at("2017-03-01T23:59").now())
    assert await timers.run_due() == 0
    clock.advance_to(clock_at("2017-03-02T00:00").now())
    assert await timers.run_due() == 1


async def test_an_interval_is_kept(
    process: MakeProcess, diary: Diary, clock: SimulatedClock
) -> None:
    timers = Timers(await process(), [Timer("often", timedelta(minutes=1), diary)])
    for seconds, runs in ((0, 1), (59, 0), (1, 1), (600, 1), (1, 0)):
        clock.advance_to(clock.now() + timedelta(seconds=seconds))
        assert await timers.run_due() == runs
    assert diary.days == [None] * 3


async def test_a_failure_is_written_down_shown_and_tried_again(
    process: MakeProcess, diary: Diary
) -> None:
    context = await process()
    timers = Timers(context, [Timer("daily", None, diary)])
    diary.fails = True
    assert await timers.run_due() == 0
    assert await timers.run_due() == 0, "it is not tried again at once"
    assert await timers.run_due(at_once=True) == 0
    row = await row_of(context, "daily")
    assert (row["failures"], row["done_on"]) == (2, None)
    assert "is nobody" in str(row["last_error"])
    assert "610180" not in str(row["last_error"])
    assert timers.failing() == {"daily": 2}
    failed = 'sammen_timer_runs_total{outcome="failed",service="membership",timer="daily"} 2.0'
    assert failed in context.metrics.exposition().decode()
    diary.fails = False
    assert await timers.run_due(at_once=True) == 1
    row = await row_of(context, "daily")
    assert (row["failures"], row["last_error"], row["done_on"]) == (0, None, date(2017, 3, 1))
    assert timers.failing() == {}


async def test_a_look_that_failed_is_forgotten_once_nothing_is_owed(
    process: MakeProcess, diary: Diary
) -> None:
    clock = ClockThatBreaks()
    timers = Timers(replace(await process(), clock=clock), [Timer("daily", None, diary)])
    assert await timers.run_due() == 1
    clock.broken = True
    assert await timers.run_due() == 0
    assert timers.failing() == {"daily": 1}
    clock.broken = False
    assert await timers.run_due(at_once=True) == 0
    assert timers.failing() == {}


async def test_one_timer_that_fails_does_not_keep_the_others_from_running(
    process: MakeProcess, diary: Diary
) -> None:
    bad = Diary(fails=True)
    timers = Timers(await process(), [Timer("bad", None, bad), Timer("good", None, diary)])
    assert await timers.run_due() == 1
    assert diary.days == [date(2017, 3, 1)]


async def test_days_after_one_that_fails_wait_for_it(
    process: MakeProcess, diary: Diary, clock: SimulatedClock
) -> None:
    timers = Timers(await process(), [Timer("daily", None, diary)])
    await timers.run_due()
    clock.advance_to(clock_at("2017-03-04").now())
    diary.fails = True
    await timers.run_due(at_once=True)
    assert diary.days == [date(2017, 3, 1), date(2017, 3, 2)]
    diary.fails = False
    assert await timers.run_due(at_once=True) == 3


async def test_stopping_finishes_the_run_under_way_and_begins_no_other(
    process: MakeProcess, diary: Diary, clock: SimulatedClock
) -> None:
    timers = Timers(await process(), [Timer("daily", None, diary)])
    await timers.run_due()
    clock.advance_to(clock_at("2017-03-04").now())
    diary.may_go_on.clear()
    running = asyncio.create_task(timers.run())
    await until(lambda: len(diary.days) == 2, what="the second day is under way")
    stopping = asyncio.create_task(timers.stop())
    await asyncio.sleep(0)
    diary.may_go_on.set()
    await asyncio.gather(running, stopping)
    assert diary.days == [date(2017, 3, 1), date(2017, 3, 2)]
    assert (await row_of(await process(), "daily"))["done_on"] == date(2017, 3, 2)
