"""The catalogue is closed: every metric declared once, and nothing else can be counted."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.observability import catalogue
from shared.observability.metrics import Family, Metrics

CHECKOUT = Path(__file__).parents[3]
MISTAKES = {
    "metrics.retires": "has no attribute",
    'metrics.retries(service="bonus", kind="bored")': "has incompatible type",
    'metrics.retries(servce="bonus", kind="bus")': "Unexpected keyword argument",
    'metrics.retries(service="bonus")': "Missing named argument",
}


def declared() -> set[str]:
    return {name for name, value in vars(catalogue).items() if inspect.isfunction(value)}


def test_every_declared_metric_can_be_moved_and_no_other() -> None:
    families = {name for name, value in vars(Metrics()).items() if isinstance(value, Family)}
    assert families == declared()


def test_every_metric_says_who_moves_it() -> None:
    for name in declared():
        text = inspect.getdoc(getattr(catalogue, name)) or ""
        assert "Moved by" in text or "Set " in text, name


def test_a_series_carries_its_labels_and_value() -> None:
    metrics = Metrics()
    metrics.dead_letters(service="bonus", reason="invalid").inc(2)
    text = metrics.exposition().decode()
    assert 'sammen_dead_letters_total{reason="invalid",service="bonus"} 2.0' in text


def test_no_created_series_is_stored() -> None:
    metrics = Metrics()
    metrics.retries(service="bonus", kind="bus").inc()
    metrics.relay_batch_seconds(service="bonus").observe(1)
    assert "_created" not in metrics.exposition().decode()


def test_two_processes_worth_of_metrics_do_not_mix() -> None:
    one, other = Metrics(), Metrics()
    one.ready().set(1)
    assert "sammen_ready 1.0" in one.exposition().decode()
    assert "sammen_ready 0.0" in other.exposition().decode()


def test_a_wrong_label_fails_at_once() -> None:
    with pytest.raises(TypeError):
        Metrics().retries(servce="bonus", kind="bus")  # type: ignore[call-arg]


def test_mistyped_metrics_fail_type_checking(tmp_path: Path) -> None:
    lines = ["from shared.observability.metrics import Metrics", "metrics = Metrics()", *MISTAKES]
    source = tmp_path / "mistakes.py"
    source.write_text("\n".join(lines))
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(source)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert len(complaints) == len(MISTAKES), result.stdout
    for complaint, expected in zip(complaints, MISTAKES.values(), strict=True):
        assert expected in complaint


def test_every_declared_metric_is_moved_somewhere() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("services", "shared")
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
    ]
    unmoved = {
        name
        for name in declared()
        if not any(re.search(rf"metrics\.{name}\b", source) for source in sources)
    }
    assert not unmoved, f"declared and never moved: {sorted(unmoved)}"


def test_a_forgotten_series_is_shown_no_more_until_it_is_moved_again() -> None:
    metrics = Metrics()
    metrics.outbox_waiting_rows(service="bonus").set(3)
    metrics.outbox_waiting_rows.forget(service="bonus")
    metrics.outbox_waiting_rows.forget(service="never seen")
    assert 'service="bonus"' not in metrics.exposition().decode()
    metrics.outbox_waiting_rows(service="bonus").set(0)
    assert 'sammen_outbox_waiting_rows{service="bonus"} 0.0' in metrics.exposition().decode()
