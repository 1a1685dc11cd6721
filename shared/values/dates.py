"""Dates are calendar dates in Danish law; instants are UTC."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

MONTHS_PER_YEAR = 12


def add_months(day: date, months: int) -> date:
    """Move a day by whole months, to the month's last day where the target month is shorter.

    Always count from the original day: 31 January plus one is 28 (or 29) February, plus two is
    31 March. Raises ValueError when the result lies outside the years 1 to 9999.
    """
    months_since_year_zero = day.year * MONTHS_PER_YEAR + day.month - 1 + months
    year, month_index = divmod(months_since_year_zero, MONTHS_PER_YEAR)
    if not date.min.year <= year <= date.max.year:
        raise ValueError(f"{day} moved by {months} months leaves the calendar; use fewer months")
    month = month_index + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def day_in_copenhagen(instant: datetime) -> date:
    """The calendar day that an instant falls on in Denmark; the instant must know its zone."""
    assert instant.tzinfo is not None, "an instant without a time zone falls on no day"
    return instant.astimezone(_copenhagen()).date()


@cache
def _copenhagen() -> ZoneInfo:
    return ZoneInfo("Europe/Copenhagen")
