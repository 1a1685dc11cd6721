"""Calendar arithmetic that never leaves the calendar: beyond its ends lie its first and last day.

A date such as 9999-12-31, told as "no end", must not stop an assessment.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from shared.values.dates import add_months

ONE_DAY: Final = timedelta(days=1)
DAYS_REMEMBERED_MAX: Final = 65_536
"""The same few lengths are counted from the same days, again and again."""


@lru_cache(maxsize=DAYS_REMEMBERED_MAX)
def months_after(day: date, months: int) -> date:
    """Move a day by whole months, clamped to the month's last day; `months` may be negative."""
    try:
        return add_months(day, months)
    except ValueError:
        return date.max if months > 0 else date.min


def days_after(day: date, days: int) -> date:
    """Move a day by whole days; `days` may be negative."""
    ordinal = day.toordinal() + days
    return date.fromordinal(min(max(ordinal, date.min.toordinal()), date.max.toordinal()))


def day_before(day: date) -> date:
    """The day before; the calendar's first day has none and stays."""
    return day if day == date.min else day - ONE_DAY


def day_after(day: date) -> date:
    """The day after; the calendar's last day has none and stays."""
    return day if day == date.max else day + ONE_DAY


def days_between(first: date, until: date) -> int:
    """Count the days from `first` to `until`, the latter not included; below 0 if it is earlier."""
    return until.toordinal() - first.toordinal()
