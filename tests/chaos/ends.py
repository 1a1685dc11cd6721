"""How processes end, and which ends are theirs by right.

What the schedule does to a process ends it as the schedule means to: by its signal, at its point,
or drained. Beyond that only one end is designed: a service that finds its ground missing when it
starts says so in one line, with status 1. Everything else, such as a consumer that ends at each
rebalance and is started again, fails the soak.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Awaited = Literal["nothing", "kill", "stop", "point"]
"""What is done to a process at present: nothing; killed; told to drain and end; armed to die at a
point of its work."""

READY_LINE: Final = '"process_ready"'
CANT_START: Final = " can't start: "
TRACE: Final = "Traceback"
DRAINED, ENDED_IN_FAULT = 0, 1
LINES_SHOWN: Final = 5
LETTERS_SHOWN: Final = 400


@dataclass(frozen=True, slots=True)
class End:
    """An end that was not meant by the schedule, as it was found."""

    status: int
    was_ready: bool
    """Whether it had come as far as to say that it is ready."""
    outage: bool
    """Whether a broker or the database was away at some time while it ran."""
    said_why: bool
    """Whether it said in one line why it can't start."""
    last_lines: Sequence[str]
    """What its log says last."""

    @property
    def allowed(self) -> bool:
        """A service that finds its ground missing when it starts says so, and ends."""
        starting = self.status == ENDED_IN_FAULT and not self.was_ready
        return starting and self.outage and self.said_why


def end_of(status: int, said: str, *, outage: bool) -> End:
    """What its status and its log tell of an end."""
    lines = said.splitlines()
    plain = [line for line in lines if line and not line.startswith("{")]
    one_line = bool(plain) and CANT_START in plain[-1]
    return End(
        status=status,
        was_ready=READY_LINE in said,
        outage=outage,
        said_why=one_line and not any(line.startswith(TRACE) for line in plain),
        last_lines=[line[:LETTERS_SHOWN] for line in lines[-LINES_SHOWN:]],
    )


def is_meant(status: int, awaited: Awaited, *, died_at_point: bool, outage: bool) -> bool:
    """Whether a process ended as the schedule meant it to."""
    if died_at_point:  # also just after it was disarmed: the signal that says so takes its time
        return status == -signal.SIGKILL
    match awaited:
        case "kill":
            return status == -signal.SIGKILL
        case "stop":
            # Before it listens to signals it ends by them. While what it stands on is away it may
            # come to the end of the time for draining, or of its start, and says so by its status.
            return status in (DRAINED, -signal.SIGTERM) or (outage and status == ENDED_IN_FAULT)
        case "nothing" | "point":
            return False
