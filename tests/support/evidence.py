"""What operations have of a fault: the lines in the log, and the figures on /metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.observability.metrics import Metrics


class Logged:
    """What was logged while the test ran, in every thread, at the level that services run at."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def records(self) -> list[Mapping[str, Any]]:
        """Every line of ours, in order, each with its level."""
        return [
            {**record.msg, "level": record.levelname.lower()}
            for record in self._caplog.records
            if isinstance(record.msg, dict)
        ]

    def lines(self, event: str) -> list[Mapping[str, Any]]:
        """The lines of an event, in order."""
        return [each for each in self.records() if each["event"] == event]

    def __contains__(self, event: object) -> bool:
        return bool(self.lines(str(event)))


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Logged:
    """What is logged while the test runs."""
    return Logged(caplog)


def shown(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels, as /metrics would tell; 0 if none."""
    return sum(
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
