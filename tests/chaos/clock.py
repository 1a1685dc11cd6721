"""The soak's calendar: a day of the programme that passes faster than ours."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

DAWN: Final = datetime(2018, 5, 29, 22, 30, tzinfo=UTC)
"""Half an hour past midnight in Copenhagen: the soak ends on the day on which it began."""

SPEED: Final = 12
"""A mail put off until later, and an hourly timer, come round within the soak."""

MAIL_LEASE: Final = timedelta(seconds=50)
"""Instead of ten minutes, by the database's clock, which nobody speeds up: so long a mail waits
whose sender died, or lost the database, while sending it."""

HOURS_MAX: Final = 23
SECONDS_MAX: Final = HOURS_MAX * 3600 // SPEED


class SoakClock:
    """The same time in every process that was told the same beginning (as `time.time()`)."""

    def __init__(self, began: float) -> None:
        self._began = began

    def now(self) -> datetime:
        """The present instant of the soak's day, in UTC."""
        passed = (time.time() - self._began) * SPEED
        assert passed < HOURS_MAX * 3600, "the soak's day is over; let it run for less long"
        return DAWN + timedelta(seconds=passed)
