"""What /metrics must show of a soak: what moved while it went on, and what is over in the calm.

A process that was killed begins at nothing. So what moved is noted again and again while the soak
goes on, and who died late has shown it before; what is over is asked of those who run in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, get_args

from prometheus_client.samples import Sample

from shared.contracts.topics import load_topics
from shared.observability.catalogue import BatchStep
from shared.runtime.service import Service

Figures = Mapping[str, Sequence[Sample]]
"""The samples of each member."""

OF_EVERY_CONSUMER: Final = (
    "sammen_consumer_batch_events_sum",
    "sammen_consumer_batch_seconds_sum",
    "sammen_consumer_rebalances_total",
)
OF_EVERY_PUBLISHER: Final = ("sammen_relay_rows_total", "sammen_relay_batch_seconds_count")
OF_SOMEBODY: Final = ("sammen_retries_total",)
SENT: Final = "published"
"""The outcome of a row that has moved; one that was tried in vain has not."""
STEP: Final = "sammen_consumer_step_seconds_total"
LAG: Final = "sammen_consumer_lag_records"
PROGRESS: Final = "sammen_consumer_last_progress_timestamp_seconds"
WAITING: Final = ("sammen_outbox_waiting_rows", "sammen_outbox_oldest_age_seconds")

STEPS: Final = {*get_args(BatchStep)} - {"pause"}
"""Of a batch that is decided at the first try."""
STEPS_OF_SOME: Final = {"decide", "fetch"}
"""Some handlers have nothing to decide, and what never waited is not fetched."""

HEARS_NOTHING: Final = {"bonus.settlements"}
"""Nobody writes what finance would tell."""


class Shown:
    """What moved in the whole run."""

    def __init__(self) -> None:
        self._most: dict[tuple[str, str, str], float] = defaultdict(float)

    def note(self, figures: Figures) -> None:
        """Keep the most that each figure was at any member."""
        for sample in _all(figures):
            if sample.labels.get("outcome", SENT) != SENT:
                continue
            for whose in {sample.labels.get("service", ""), sample.labels.get("consumer", ""), ""}:
                key = (sample.name, whose, sample.labels.get("step", ""))
                self._most[key] = max(self._most[key], sample.value)

    def moved(self, name: str, *, whose: str = "", step: str = "") -> bool:
        """Whether it did: that of a consumer or of a service, or anybody's."""
        return self._most.get((name, whose, step), 0.0) > 0


def unmoved(shown: Shown, last: Figures, services: Sequence[Service]) -> list[str]:
    """What is not as it must be, a sentence each."""
    wrong = [f"{name} has not moved" for name in OF_SOMEBODY if not shown.moved(name)]
    wrong += [
        f"no time was spent on the step {step}"
        for step in sorted(STEPS_OF_SOME)
        if not shown.moved(STEP, step=step)
    ]
    for service in services:
        wrong += _unmoved_of(service, shown)
        wrong += _not_over(service, last)
        for hears in service.hears:
            wrong += _behind(f"{service.name}.{hears.name}", hears.topics, last)
    return wrong


def _unmoved_of(service: Service, shown: Shown) -> Iterator[str]:
    """What one service should have moved and has not."""
    if service.publishes:
        for name in OF_EVERY_PUBLISHER:
            if not shown.moved(name, whose=service.name):
                yield f"{name} of {service.name} has not moved"
    for hears in service.hears:
        consumer = f"{service.name}.{hears.name}"
        if consumer in HEARS_NOTHING:
            continue
        for name in OF_EVERY_CONSUMER:
            if not shown.moved(name, whose=consumer):
                yield f"{name} of {consumer} has not moved"
        for step in sorted(STEPS - STEPS_OF_SOME):
            if not shown.moved(STEP, whose=consumer, step=step):
                yield f"no time was spent on the step {step} of {consumer}"


def _not_over(service: Service, last: Figures) -> Iterator[str]:
    """What still waits in the service's outbox, or is not shown by whoever sends it."""
    for name in WAITING:
        values = [
            sample.value
            for sample in _all(last)
            if sample.name == name and sample.labels["service"] == service.name
        ]
        if not values:
            yield f"nobody shows {name} of {service.name}"
        elif any(values):
            yield f"{name} of {service.name} is {max(values):g}, not 0"


def _behind(consumer: str, topics: Sequence[str], last: Figures) -> Iterator[str]:
    """Partitions of which a consumer shows a lag, or nothing."""
    specs = {spec.name: spec for spec in load_topics()}
    places = {(topic, str(n)) for topic in topics for n in range(specs[topic].partitions)}
    for name in (LAG, PROGRESS):
        of_consumer = [
            each for each in _all(last) if each.name == name and each.labels["consumer"] == consumer
        ]
        shown = {(each.labels["topic"], each.labels["partition"]) for each in of_consumer}
        if missing := places - shown:
            yield f"nobody shows {name} of {consumer} for {len(missing)} partition(s)"
        if name == LAG and (lag := sum(each.value for each in of_consumer)):
            yield f"{name} of {consumer} is {lag:g}, not 0"


def _all(figures: Figures) -> Iterator[Sample]:
    for samples in figures.values():
        yield from samples
