"""The clocks: the machine's, and one that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """A time that only moves when told to, and never backwards."""

    def __init__(self, start: datetime) -> None:
        assert start.tzinfo is not None, "an instant knows its time zone"
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The instant last advanced to, in UTC."""
        return self._now

    def advance_to(self, instant: datetime) -> None:
        """Move to a later instant; staying is allowed, going back is a mistake."""
        assert instant.tzinfo is not None, "an instant knows its time zone"
        assert instant >= self._now, f"time would run back from {self._now} to {instant}"
        self._now = instant.astimezone(UTC)
