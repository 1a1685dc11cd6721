"""Worked cases and random histories, whose results were computed apart from this engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.bonus.assess import as_object, assess_case
from services.bonus.domain.parsing import parse_case

CASES = Path(__file__).parent / "cases"


def worked() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((CASES / "worked.json").read_text(encoding="utf-8"))
    return cases


def random() -> list[dict[str, Any]]:
    lines = (CASES / "random.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("case", [*worked(), *random()], ids=lambda case: case["id"])
def test_a_case_comes_out_as_expected(case: dict[str, Any]) -> None:
    answer = as_object(assess_case(parse_case(case)))
    assert in_any_order(answer) == in_any_order(case["expected"])


def in_any_order(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "instalments": sorted(answer["instalments"], key=json.dumps),
        "repayment_claims": sorted(answer["repayment_claims"], key=json.dumps),
        "flags": answer["flags"],
    }


def test_there_are_as_many_cases_as_were_worked_out() -> None:
    assert (len(worked()), len(random())) == (47, 200)
