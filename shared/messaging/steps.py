"""Where the time of one consumer goes: every moment belongs to the step that was begun last."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.observability.catalogue import BatchStep

Tell = Callable[[BatchStep, float], None]


class Steps:
    """The steps of one batch after the other: one look at the clock for each, none per record."""

    def __init__(
        self, tell: Tell | None = None, *, monotonic: Callable[[], float] = time.perf_counter
    ) -> None:
        self._tell = tell
        self._monotonic = monotonic
        self._step: BatchStep | None = None
        self._since_seconds = 0.0

    def begin(self, step: BatchStep) -> None:
        """Begin a step, which ends the one before; one begun again goes on."""
        now_seconds = self._monotonic()
        if self._step is not None and self._tell is not None:
            self._tell(self._step, now_seconds - self._since_seconds)
        self._step, self._since_seconds = step, now_seconds

    def forget(self) -> None:
        """What was begun last came to nothing, such as looking for records when there are none."""
        self._step = None
