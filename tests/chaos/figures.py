"""What /metrics must show of a soak when all is quiet: what moved, and what is over."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, get_args

from shared.observability.catalogue import BatchStep
from tests.chaos.fleet import Figures

MOVED: Final = (
    "sammen_consumer_batch_events_count",
    "sammen_consumer_batch_seconds_count",
    "sammen_consumer_last_progress_timestamp_seconds",
    "sammen_consumer_rebalances_total",
    "sammen_relay_batch_seconds_count",
    "sammen_relay_rows_total",
)
"""All of them together. A process that has just been killed begins at nothing: what only an outage
moves (retries, rebuilds) may be at nothing again."""

OVER: Final = (
    "sammen_consumer_lag_records",
    "sammen_outbox_oldest_age_seconds",
    "sammen_outbox_waiting_rows",
)
"""Of everybody who shows it."""

STEPS: Final = {*get_args(BatchStep)} - {"pause", "fetch"}
"""Nobody need have tried again since its start, nor have fetched what waited."""


def unmoved(figures: Figures) -> list[str]:
    """What is not as it must be, a sentence each."""
    sums: dict[str, float] = defaultdict(float)
    steps: dict[str, float] = defaultdict(float)
    for sample in (each for samples in figures.values() for each in samples):
        sums[sample.name] += sample.value
        if sample.name == "sammen_consumer_step_seconds_total":
            steps[sample.labels["step"]] += sample.value
    wrong = [f"{name} has not moved" for name in MOVED if sums[name] <= 0]
    wrong += [f"no time was spent on the step {step}" for step in sorted(STEPS) if steps[step] <= 0]
    wrong += [f"nobody shows {name}" for name in OVER if name not in sums]
    return wrong + [f"{name} is {sums[name]:g}, not 0" for name in OVER if sums[name] > 0]
