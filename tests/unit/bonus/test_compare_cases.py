"""Other rules over a file of cases: `sammen rules compare` without any database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.bonus.rules.folders import export_rules
from tests.unit.bonus.test_assess import CASE, PERSON, STARTED

CHECKOUT = Path(__file__).parents[3]
SECTOR = {
    "fact": "EmployerSectorReported",
    "recorded_on": "2016-09-01",
    "employer": "99000007",
    "effective_from": "2016-01-01",
    "sector": "private",
}
EXPECTING = {**CASE, "facts": [PERSON, STARTED, SECTOR]}
PAID = {
    "fact": "PayoutSettled",
    "recorded_on": "2017-03-10",
    "placement": "L1",
    "milestone": "M6",
    "amount_dkk": 20000,
    "settled_on": "2017-03-10",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rules by which the first year pays 18,000 kroner."""
    export_rules(tmp_path / "rules")
    file = tmp_path / "rules" / "ordinary.yaml"
    text = file.read_text(encoding="utf-8").replace("value: 20000", "value: 18000")
    file.write_text(text, encoding="utf-8")
    return tmp_path


def sammen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", "rules", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def compared(folder: Path, cases: object, *options: str) -> Any:  # noqa: ANN401 # JSON
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    told = sammen(folder, "compare", "rules", "--case-file", "cases.json", "--json", *options)
    assert (told.returncode, told.stderr) == (0, "")
    return json.loads(told.stdout)


def test_each_case_is_a_person_of_its_own_and_counted_with_its_money(folder: Path) -> None:
    paid_for = {**EXPECTING, "facts": [*EXPECTING["facts"], PAID]}
    told = compared(folder, [EXPECTING, paid_for, {**CASE, "facts": []}])
    assert (told["persons_assessed"], told["as_of"]) == (3, None)
    assert told["sums"] == {
        "persons": 2,
        "companies": 1,
        "cases": 2,
        "instalments": 4,
        "paid_more_ore": 0,
        "paid_less_ore": 0,
        "claimed_back_ore": 200_000,
        "no_longer_claimed_ore": 0,
        "expected_change_ore": -800_000,
    }
    assert [each["person"] for each in told["differences"]] == ["case 1"] * 2 + ["case 2"] * 2
    assert told["parameters"] == [
        {
            "name": "ordinary.early_amount",
            "before": "20000 (DKK), integrationsloven § 46, stk. 2",
            "after": "18000 (DKK), integrationsloven § 46, stk. 2",
        }
    ]


def test_no_more_are_listed_than_asked_for(folder: Path) -> None:
    told = compared(folder, EXPECTING, "--list", "1")
    assert (len(told["differences"]), told["differences_not_listed"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compare", "nowhere", "--case-file", "c"), "nowhere can't be read: No such file"),
        (("compare", "rules", "--case-file", "c"), "'c' can't be read"),
        (("compare", "rules", "--case-file", "c", "--as-of", "2017-01-01"), "a day of their own"),
        (("compare", "rules"), "SAMMEN_BONUS_DATABASE_URL"),
        (("export", "rules"), "is not empty"),
    ],
)
def test_what_cannot_be_done_ends_with_status_2_and_the_remedy(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    told = sammen(folder, *arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert message in " ".join(told.stderr.replace("│", " ").split())


def test_a_bad_parameter_is_named(folder: Path) -> None:
    file = folder / "rules" / "shared.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("value: 40000", "value: -1"), encoding="utf-8")
    told = sammen(folder, "compare", "rules")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "shared.ceiling: -1 is no DKK: not between 0 and 1000000000\n"
