"""Months are counted from the original day and clamped; days are Danish days."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.clock import today
from shared.values.dates import add_months, day_in_copenhagen

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))
MONTHS = st.integers(min_value=-600, max_value=600)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2017, 1, 31), 1, date(2017, 2, 28)),
        (date(2016, 1, 31), 1, date(2016, 2, 29)),
        (date(2017, 1, 31), 2, date(2017, 3, 31)),
        (date(2016, 2, 29), 12, date(2017, 2, 28)),
        (date(2016, 2, 29), 48, date(2020, 2, 29)),
        (date(2017, 8, 31), 6, date(2018, 2, 28)),
        (date(2017, 12, 1), 1, date(2018, 1, 1)),
        (date(2017, 1, 1), -1, date(2016, 12, 1)),
        (date(2017, 3, 31), -1, date(2017, 2, 28)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_months_last(
    day: date, months: int, expected: date
) -> None:
    assert add_months(day, months) == expected


@given(DAYS, MONTHS)
def test_the_result_lies_in_the_month_so_many_months_away(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months


@given(DAYS, MONTHS)
def test_the_day_of_the_month_stays_unless_the_month_is_too_short(day: date, months: int) -> None:
    moved = add_months(day, months)
    last = monthrange(moved.year, moved.month)[1]
    assert moved.day == day.day or (moved.day == last and last < day.day)


@given(DAYS, MONTHS)
def test_a_later_day_never_becomes_an_earlier_one(day: date, months: int) -> None:
    assert add_months(day, months) <= add_months(day + timedelta(days=1), months)


@given(DAYS)
def test_no_months_change_nothing(day: date) -> None:
    assert add_months(day, 0) == day


@pytest.mark.parametrize(("day", "months"), [(date(9999, 12, 1), 1), (date(1, 1, 1), -1)])
def test_leaving_the_calendar_is_refused(day: date, months: int) -> None:
    with pytest.raises(ValueError, match="leaves the calendar"):
        add_months(day, months)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2017, 1, 1, 22, 59, 59, tzinfo=UTC), date(2017, 1, 1)),
        (datetime(2017, 1, 1, 23, 0, 0, tzinfo=UTC), date(2017, 1, 2)),
        (datetime(2017, 7, 1, 21, 59, 59, tzinfo=UTC), date(2017, 7, 1)),
        (datetime(2017, 7, 1, 22, 0, 0, tzinfo=UTC), date(2017, 7, 2)),
    ],
)
def test_midnight_in_copenhagen_is_an_hour_or_two_before_utc(
    instant: datetime, expected: date
) -> None:
    assert day_in_copenhagen(instant) == expected


def test_an_instant_without_a_zone_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="time zone"):
        day_in_copenhagen(datetime(2017, 1, 1))  # noqa: DTZ001 - the mistake itself


def test_today_is_the_clocks_day_in_copenhagen() -> None:
    class LateEvening:
        def now(self) -> datetime:
            return datetime(2017, 12, 31, 23, 30, tzinfo=UTC)

    assert today(LateEvening()) == date(2018, 1, 1)
