"""What one process counts: one object, one registry, only what the catalogue declares.

Use: `metrics.retries(service="bonus", kind="contention").inc()`. A name, label or label value
that the catalogue doesn't know fails type checking, and a wrong label fails at once when run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, ParamSpec, TypeVar, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric as MetricFamily

from shared.observability import catalogue

Labels = ParamSpec("Labels")
Metric = TypeVar("Metric", bound=Counter | Gauge | Histogram)

EXPOSITION_CONTENT_TYPE = CONTENT_TYPE_LATEST
"""The content type of `Metrics.exposition()`."""

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Family(Generic[Labels, Metric]):
    """One declared metric; calling it with its labels gives the series to move."""

    def __init__(self, declaration: Callable[Labels, None], metric: Metric) -> None:
        self.name = declaration.__name__
        self._declaration = declaration
        self._labels = tuple(inspect.signature(declaration).parameters)
        self._metric = metric

    def __call__(self, *args: Labels.args, **kwargs: Labels.kwargs) -> Metric:
        """The series with these labels, at 0 until it is first moved."""
        self._declaration(*args, **kwargs)
        return cast("Metric", self._metric.labels(**kwargs)) if kwargs else self._metric

    def describe(self) -> Iterable[MetricFamily]:
        """Its full name, kind and help text, as they are shown."""
        return self._metric.describe()

    def forget(self, *args: Labels.args, **kwargs: Labels.kwargs) -> None:
        """Show the series with these labels no more: this process no longer knows its value."""
        self._declaration(*args, **kwargs)
        self._metric.remove(*(kwargs[label] for label in self._labels))


class Metrics:
    """Every metric of this process, in a registry of its own."""

    def __init__(self) -> None:
        # A `_created` series per counter would double what is stored and answer no question.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library's own omission
        self.registry = CollectorRegistry(auto_describe=True)
        self._declare_messaging()
        self._declare_process()
        self._declare_services()

    def exposition(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def _declare_messaging(self) -> None:
        self.events_published = self._counter(catalogue.events_published)
        self.events_consumed = self._counter(catalogue.events_consumed)
        self.consumer_batch_events = self._histogram(
            catalogue.consumer_batch_events, buckets=BATCH_BUCKETS
        )
        self.consumer_batch_seconds = self._histogram(catalogue.consumer_batch_seconds)
        self.consumer_step_seconds = self._counter(catalogue.consumer_step_seconds)
        self.consumer_rebalances = self._counter(catalogue.consumer_rebalances)
        self.inbox_duplicates = self._counter(catalogue.inbox_duplicates)
        self.dead_letters = self._counter(catalogue.dead_letters)
        self.dead_letters_open = self._gauge(catalogue.dead_letters_open)
        self.outbox_waiting_rows = self._gauge(catalogue.outbox_waiting_rows)
        self.outbox_oldest_age_seconds = self._gauge(catalogue.outbox_oldest_age_seconds)
        self.relay_rows = self._counter(catalogue.relay_rows)
        self.relay_batch_seconds = self._histogram(catalogue.relay_batch_seconds)
        self.producer_rebuilds = self._counter(catalogue.producer_rebuilds)
        self.relay_active = self._gauge(catalogue.relay_active)
        self.consumer_lag_records = self._gauge(catalogue.consumer_lag_records)
        self.consumer_last_progress_timestamp_seconds = self._gauge(
            catalogue.consumer_last_progress_timestamp_seconds
        )
        self.retries = self._counter(catalogue.retries)

    def _declare_process(self) -> None:
        self.timer_runs = self._counter(catalogue.timer_runs)
        self.timer_last_success_timestamp_seconds = self._gauge(
            catalogue.timer_last_success_timestamp_seconds
        )
        self.http_requests = self._counter(catalogue.http_requests)
        self.http_request_seconds = self._histogram(catalogue.http_request_seconds)
        self.idempotency_keys = self._counter(catalogue.idempotency_keys)
        self.access_denied = self._counter(catalogue.access_denied)
        self.component_failures = self._counter(catalogue.component_failures)
        self.ready = self._gauge(catalogue.ready)

    def _declare_services(self) -> None:
        self.person_lookups = self._counter(catalogue.person_lookups)
        self.reports = self._counter(catalogue.reports)
        self.mails = self._counter(catalogue.mails)
        self.notices_waiting = self._gauge(catalogue.notices_waiting)
        self.ledger_faults = self._gauge(catalogue.ledger_faults)
        self.shadow_assessments = self._counter(catalogue.shadow_assessments)

    def _counter(self, declaration: Callable[Labels, None]) -> Family[Labels, Counter]:
        name, text, labels = _described(declaration)
        return Family(declaration, Counter(name, text, labels, registry=self.registry))

    def _gauge(self, declaration: Callable[Labels, None]) -> Family[Labels, Gauge]:
        name, text, labels = _described(declaration)
        return Family(declaration, Gauge(name, text, labels, registry=self.registry))

    def _histogram(
        self, declaration: Callable[Labels, None], buckets: Sequence[float] = SECONDS_BUCKETS
    ) -> Family[Labels, Histogram]:
        name, text, labels = _described(declaration)
        histogram = Histogram(name, text, labels, registry=self.registry, buckets=buckets)
        return Family(declaration, histogram)


def _described(declaration: Callable[..., None]) -> tuple[str, str, tuple[str, ...]]:
    """The metric's full name, help text and labels, read off its declaration."""
    text = inspect.getdoc(declaration)
    assert text, f"{declaration.__name__} must say who moves it"
    labels = tuple(inspect.signature(declaration).parameters)
    return f"sammen_{declaration.__name__}", " ".join(text.split()), labels
