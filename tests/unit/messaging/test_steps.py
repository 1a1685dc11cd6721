"""Every moment of a batch belongs to one step, except those that came to nothing."""

from __future__ import annotations

from shared.messaging.steps import Steps
from shared.observability.catalogue import BatchStep


class Watch:
    """Steps on a clock that the test turns, and what they tell."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.told: list[tuple[BatchStep, float]] = []
        self.steps = Steps(lambda *told: self.told.append(told), monotonic=lambda: self.seconds)

    def begin(self, step: BatchStep, *, seconds: float) -> None:
        """Begin a step and let it take so long."""
        self.steps.begin(step)
        self.seconds += seconds


def test_a_step_lasts_until_the_next_begins() -> None:
    watch = Watch()
    watch.begin("load", seconds=2)
    watch.begin("decide", seconds=3)
    watch.begin("write", seconds=4)
    assert watch.told == [("load", 2), ("decide", 3)]


def test_the_steps_add_up_to_the_time_that_passed() -> None:
    watch = Watch()
    for step in ("load", "write", "load", "commit", "offsets"):
        watch.begin(step, seconds=1.5)
    assert sum(seconds for _, seconds in watch.told) == watch.seconds - 1.5


def test_what_came_to_nothing_is_not_told() -> None:
    watch = Watch()
    watch.begin("offsets", seconds=1)
    watch.begin("fetch", seconds=60)
    watch.steps.forget()
    watch.begin("fetch", seconds=1)
    watch.begin("decode", seconds=1)
    assert watch.told == [("offsets", 1), ("fetch", 1)]


def test_steps_nobody_listens_to_cost_nothing_and_break_nothing() -> None:
    steps = Steps()
    steps.begin("load")
    steps.begin("write")
    steps.forget()
