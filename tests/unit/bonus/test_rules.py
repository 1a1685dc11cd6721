"""The law's parameters are complete, in force on every day once, and refused when they aren't."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.bonus.domain.assessment import Reason
from services.bonus.domain.rules import Limit, SharedRules
from services.bonus.rules import load_rules, read_group, read_sources
from services.bonus.rules.documents import InvalidRuleError


def shared(**changes: object) -> dict[str, Any]:
    def entry(unit: str, value: object) -> dict[str, Any]:
        return {
            "rule": "X",
            "unit": unit,
            "versions": [{"value": value, "law": "l", "mark": "law"}],
        }

    return {
        "public_share_from": entry("percent", "50"),
        "days_before_milestone": entry("days", 1),
        "application_limit": entry("months up to and including", 36),
        "repayment_limit": entry("months up to and including", 36),
        "ceiling": entry("DKK", 40000),
        **changes,
    }


VERSIONS = [{"value": 1, "law": "l", "mark": "law"}]
OVERLAPPING = (
    {"value": 1, "to": date(2020, 1, 1)},
    {"value": 2, "from": date(2020, 1, 2), "to": date(2019, 1, 1)},
    {"value": 3, "from": date(2019, 1, 2)},
)
"""Each begins after the last one's end, and the second ends before it begins."""


def percent(value: str) -> dict[str, Any]:
    return {
        "rule": "X",
        "unit": "percent",
        "versions": [{"value": value, "law": "l", "mark": "law"}],
    }


def ceiling(*versions: dict[str, Any] | str, unit: object = "DKK") -> dict[str, Any]:
    told = [
        version if isinstance(version, str) else {"law": "l", "mark": "law", **version}
        for version in versions
    ]
    return shared(ceiling={"rule": "X", "unit": unit, "versions": told})


def read(document: dict[str, Any]) -> SharedRules:
    return read_group("shared", document, SharedRules)


def test_the_rules_that_come_with_the_package_are_read() -> None:
    rules = load_rules()
    assert rules.ordinary.early_amount.on(date(2017, 1, 1)) == 20000
    assert rules.sources["ordinary", Reason.HIRED_BEFORE_PERMIT].rule == "O7"


@pytest.mark.parametrize(
    ("day", "limit"),
    [
        (date(2016, 7, 1), Limit(60, anniversary_included=False)),
        (date(2021, 4, 30), Limit(60, anniversary_included=False)),
        (date(2021, 5, 1), Limit(120, anniversary_included=False)),
        (date(2023, 12, 31), Limit(120, anniversary_included=False)),
        (date(2024, 1, 1), Limit(240, anniversary_included=True)),
        (date.max, Limit(240, anniversary_included=True)),
    ],
)
def test_the_version_in_force_on_the_day_counts(day: date, limit: Limit) -> None:
    assert load_rules().igu.residence_limit.on(day) == limit


def test_the_last_day_of_a_limit_is_the_last_within_it() -> None:
    since = date(2017, 3, 10)
    for limit in (Limit(36, anniversary_included=True), Limit(36, anniversary_included=False)):
        last = limit.last_day(since)
        assert limit.holds(since, last)
        assert not limit.holds(since, last + timedelta(days=1))


def test_a_source_is_that_of_the_version_in_force() -> None:
    parameter = load_rules().igu.residence_limit
    assert "722" in parameter.source_on(date(2021, 5, 1)).law
    assert parameter.source_on(date(2024, 1, 1)).law == "igu-loven § 3, stk. 1"


def test_versions_follow_each_other() -> None:
    rules = read(
        ceiling(
            {"value": 1, "to": date(2020, 12, 31)},
            {"value": 2, "from": date(2021, 1, 1), "to": date(2021, 12, 31)},
            {"value": 3, "from": date(2022, 1, 1)},
        )
    )
    days = (date.min, date(2020, 12, 31), date(2021, 1, 1), date(2021, 12, 31), date.max)
    assert [rules.ceiling.on(day) for day in days] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "shared.yaml lacks application_limit, ceiling, days_before_milestone"),
        (shared(other={}), "shared.yaml: there is no parameter other"),
        (shared(ceiling=40000), "shared.ceiling: 40000 is no table of rule, unit, versions"),
        (shared(ceiling={"rule": "X", "unit": "DKK"}), "shared.ceiling: versions is no list"),
        (shared(ceiling={"rule": "X", "versions": [], "x": 1}), "shared.ceiling: has no x"),
        (shared(ceiling={"versions": []}), "shared.ceiling: the versions don't follow"),
        (shared(ceiling={"unit": "DKK", "versions": VERSIONS}), "shared.ceiling: names no rule"),
        (ceiling(), "shared.ceiling: the versions don't follow each other"),
        (ceiling({"value": 1, "to": date(2020, 1, 1)}), "don't follow each other"),
        (ceiling({"value": 1, "from": date(2020, 1, 1)}), "don't follow each other"),
        (
            ceiling({"value": 1, "to": date(2020, 1, 1)}, {"value": 2, "from": date(2020, 1, 3)}),
            "don't follow each other",
        ),
        (ceiling({"value": 1}, {"value": 2}), "don't follow each other"),
        (ceiling({"value": "1"}), "shared.ceiling: '1' is no DKK"),
        (ceiling({"value": True}), "True is no DKK"),
        (ceiling({"value": None}), "None is no DKK: not a whole number"),
        (ceiling({"value": -1}), "shared.ceiling: -1 is no DKK: not between 0 and"),
        (ceiling({}), "shared.ceiling: a version has no value"),
        (ceiling({"value": date(2020, 1, 1)}, unit="date"), "date is not what this parameter"),
        (ceiling({"value": 1}, unit=["DKK"]), "unit ['DKK'] is none of"),
        (ceiling({"value": 1, "to": "2020-01-01"}), "to: '2020-01-01' is no date such as"),
        (ceiling("DKK 1"), "shared.ceiling: 'DKK 1' is no version"),
        (ceiling(*OVERLAPPING), "don't follow each other"),
        (shared(public_share_from=percent("101")), "'101' is no percent: above 100"),
        (shared(public_share_from=percent("1/0")), "'1/0' is no percent: divides by nothing"),
        (shared(public_share_from=percent("-1")), "'-1' is no percent: below 0"),
        (ceiling({"value": 19.5}, unit="hours a week"), "19.5 is no hours a week"),
        (ceiling({"value": "2020-01-01"}, unit="date"), "'2020-01-01' is no date"),
        (ceiling({"value": 1}, unit="EUR"), "unit 'EUR' is none of DKK, months"),
        (ceiling({"value": 1, "law": " "}), "shared.ceiling: names no law"),
        (ceiling({"value": 1, "law": None}), "shared.ceiling: names no law"),
        (ceiling({"value": 1, "mark": "guess"}), "mark 'guess' is neither law nor default"),
        (ceiling({"value": 1, "until": 2}), "a version has no until"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        read(document)
    assert message in str(caught.value)


def test_a_source_of_an_unknown_code_is_refused() -> None:
    entry = {"rule": "X", "law": "l", "mark": "law"}
    with pytest.raises(InvalidRuleError, match="'UNHEARD' is no reason"):
        read_sources({"UNHEARD": {"igu": entry}})
    with pytest.raises(InvalidRuleError, match="mark None is neither"):
        read_sources({"ANNULLED": {"igu": {**entry, "mark": None}}})
    with pytest.raises(InvalidRuleError, match="'egu' is neither ordinary nor igu"):
        read_sources({"ANNULLED": {"egu": entry}})
