"""Time is told in UTC, and a simulated one moves only forward and only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.runtime.clock import SimulatedClock, SystemClock
from shared.values.clock import today
from tests.support.clock import clock_at

START = datetime(2017, 3, 1, 11, 0, tzinfo=UTC)


def test_the_machines_clock_knows_its_zone() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_simulated_clock_stands_still_until_it_is_moved() -> None:
    clock = SimulatedClock(START)
    assert (clock.now(), clock.now()) == (START, START)
    clock.advance_to(START + timedelta(days=400))
    assert clock.now() == START + timedelta(days=400)


def test_a_simulated_clock_may_stay_but_never_go_back() -> None:
    clock = SimulatedClock(START)
    clock.advance_to(START)
    with pytest.raises(AssertionError, match="run back"):
        clock.advance_to(START - timedelta(microseconds=1))


def test_instants_without_a_zone_are_refused() -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(AssertionError):
        SimulatedClock(naive)
    with pytest.raises(AssertionError):
        SimulatedClock(START).advance_to(naive)


def test_the_calendar_day_is_copenhagens() -> None:
    assert today(clock_at("2017-03-01")) == today(SimulatedClock(START))
    just_after_midnight = clock_at("2017-07-01T00:30")
    assert just_after_midnight.now().day == 30
    assert today(just_after_midnight).isoformat() == "2017-07-01"
