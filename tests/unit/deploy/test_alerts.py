"""Every alert asks for metrics there are, and has a page that says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.__main__ import SERVICE_NAMES

ROOT = Path(__file__).parents[3]
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
CATALOGUE = (ROOT / "docs/metrics.md").read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    names = re.findall(r"sammen_[a-z_]+", rule["expr"])
    assert names
    for name in names:
        # The page is compared with the catalogue by a test of its own.
        assert f"| `{name}` |" in CATALOGUE, name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_page_that_names_it(rule: dict[str, Any]) -> None:
    page = (ROOT / rule["annotations"]["runbook"]).read_text("utf-8")
    assert rule["alert"] in page
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_one_partition_that_stands_still_is_not_hidden_by_others_that_do_not() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "ConsumerStandsStill"]
    merged = r"(sum|min|max|avg) by \([a-z, ]+\) \(sammen_consumer_(lag|last_progress)"
    assert not re.search(merged, rule["expr"])


def test_no_service_may_be_away_unnoticed() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "ServiceIsAway"]
    asked = re.findall(r'absent\(sammen_relay_active{service="([a-z]+)"}\)', rule["expr"])
    assert asked == list(SERVICE_NAMES)


def test_every_page_has_an_alert() -> None:
    pages = {f"docs/runbooks/{page.name}" for page in (ROOT / "docs/runbooks").glob("*.md")}
    assert pages == {rule["annotations"]["runbook"] for rule in RULES}
