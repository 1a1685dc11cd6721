"""Clocks for tests: they stand still until the test moves them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.runtime.clock import SimulatedClock


def clock_at(moment: str) -> SimulatedClock:
    """A clock at a moment in Copenhagen, such as `2017-03-01` (noon) or `2017-03-01T23:30`."""
    text = moment if "T" in moment else f"{moment}T12:00"
    return SimulatedClock(
        datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Copenhagen"))
    )
