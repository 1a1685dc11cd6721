"""What a timer owes: every day since the last one done, or one run when its time has passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.runtime.service import ServiceContext, Timer
from shared.runtime.timers import Tick, due_ticks

NOW = datetime(2017, 3, 1, 11, 0, tzinfo=UTC)
TODAY = date(2017, 3, 1)


async def nothing(_context: ServiceContext) -> None:
    """Do nothing."""


DAILY = Timer("daily", None, nothing)
EACH_MINUTE = Timer("each minute", timedelta(minutes=1), nothing)


@pytest.mark.parametrize(
    ("done_on", "days"),
    [
        (None, [date(2017, 3, 1)]),
        (date(2017, 3, 1), []),
        (date(2017, 3, 2), []),
        (date(2017, 2, 28), [date(2017, 3, 1)]),
        (date(2017, 2, 26), [date(2017, 2, 27), date(2017, 2, 28), date(2017, 3, 1)]),
    ],
    ids=["first time", "done today", "clock went back", "yesterday", "three days missed"],
)
def test_a_daily_timer_owes_every_day_since_the_last(
    done_on: date | None, days: list[date]
) -> None:
    ticks = due_ticks(DAILY, done_on=done_on, done_at=None, now=NOW, today_on=TODAY)
    assert ticks == [Tick(day) for day in days]


@pytest.mark.parametrize(
    ("done_at", "runs"),
    [
        (None, 1),
        (NOW - timedelta(seconds=59), 0),
        (NOW - timedelta(seconds=60), 1),
        (NOW - timedelta(days=3), 1),
        (NOW + timedelta(days=3), 0),
    ],
    ids=["first time", "a second early", "on time", "long missed", "clock went back"],
)
def test_missed_intervals_are_one_run(done_at: datetime | None, runs: int) -> None:
    ticks = due_ticks(EACH_MINUTE, done_on=None, done_at=done_at, now=NOW, today_on=TODAY)
    assert ticks == [Tick(None)] * runs
