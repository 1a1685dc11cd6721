"""Time comes from a clock that is handed in, so that any moment can be tried."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from shared.values.dates import day_in_copenhagen


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant, in UTC and aware of it."""


def today(clock: Clock) -> date:
    """The present calendar day in Danish law time (Europe/Copenhagen)."""
    return day_in_copenhagen(clock.now())
