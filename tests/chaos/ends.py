"""How processes end, and which ends are theirs by right.

What the schedule does to a process ends it as the schedule means to: by its signal, at its point,
or drained. Two ends more are designed, both with status 1 and while its ground is away: a service
that misses it when it starts says so in one line, and one that is told to end may find no end of
draining, and says that. And a process that is told to end before it was ready may know no better
than to end by that signal. Everything else, such as a consumer that ends at each rebalance and is
started again, fails the soak.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from shared.messaging.kafka.faults import GRANT, NAME_REMEDY

Awaited = Literal["nothing", "kill", "stop", "point"]
"""What is done to a process at present: nothing; killed; told to drain and end; armed to die at a
point of its work."""

READY_LINE: Final = '"process_ready"'
NOT_DRAINED: Final = '"drained": false'
CANT_START: Final = " can't start: "
MENDED_BY_PEOPLE: Final = (GRANT, NAME_REMEDY, "SAMMEN_OPS_PORT")
"""Reasons not to start that no ground's coming back takes away."""
TRACE: Final = "Traceback"
DRAINED, ENDED_IN_FAULT = 0, 1
LINES_SHOWN: Final = 5
LETTERS_SHOWN: Final = 400


@dataclass(frozen=True, slots=True)
class End:
    """An end as it was found."""

    status: int
    was_ready: bool
    """Whether it had come as far as to say that it is ready."""
    outage: bool
    """Whether a broker or the database was away at some time of its life; of one that was ready
    and then told to end, at some time since.
    """
    said_why: bool
    """Whether it said in one line why it can't start, and that something is away."""
    said_undrained: bool
    """Whether it said that it could not drain, and nothing worse."""
    last_lines: Sequence[str]
    """What its log says last."""

    @property
    def allowed(self) -> bool:
        """Whether it is a service's that finds its ground missing when it starts."""
        starting = self.status == ENDED_IN_FAULT and not self.was_ready
        return starting and self.outage and self.said_why

    @property
    def stopped(self) -> bool:
        """Whether it is that of a process which was told to end."""
        if self.status == -signal.SIGTERM:
            return not self.was_ready
        undrained = self.status == ENDED_IN_FAULT and self.outage and self.said_undrained
        return self.status == DRAINED or undrained or self.allowed


def end_of(status: int, said: str, *, outage: bool) -> End:
    """What its status and its log tell of an end."""
    lines = said.splitlines()
    plain = [line for line in lines if line and not line.startswith("{")]
    traced = any(line.startswith(TRACE) for line in plain)
    one_line = bool(plain) and CANT_START in plain[-1]
    return End(
        status=status,
        was_ready=READY_LINE in said,
        outage=outage,
        said_why=one_line and not traced and not any(why in plain[-1] for why in MENDED_BY_PEOPLE),
        said_undrained=not traced and NOT_DRAINED in said,
        last_lines=[line[:LETTERS_SHOWN] for line in lines[-LINES_SHOWN:]],
    )


def is_meant(end: End, awaited: Awaited, *, died_at_point: bool) -> bool:
    """Whether a process ended as the schedule meant it to."""
    if died_at_point:  # also just after it was disarmed: the signal that says so takes its time
        return end.status == -signal.SIGKILL
    match awaited:
        case "kill":
            return end.status == -signal.SIGKILL
        case "stop":
            return end.stopped
        case "nothing" | "point":
            return False
