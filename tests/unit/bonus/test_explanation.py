"""What people read: where a line stands, why, and by which facts."""

from __future__ import annotations

import pytest

from services.bonus.domain import explanation
from services.bonus.domain.assessment import Assessment
from services.bonus.rules import load_rules
from tests.unit.bonus.stories import (
    assessed,
    course,
    decided,
    ended,
    job,
    paid,
    person,
    sector,
    started,
    tell,
    trainee,
)


def explain(assessment: Assessment) -> str:
    return explanation.explain(assessment, load_rules())


def first_lines(text: str) -> list[str]:
    """The headings: lines that are not indented."""
    return [line for line in text.splitlines() if line and not line.startswith(" ")]


def test_each_status_is_told_in_the_heading_of_its_line() -> None:
    told = [person(), sector(), *job(), ended("2017-06-30")]
    assert first_lines(explain(assessed(told, as_of="2017-04-01"))) == [
        "Seen on 2017-04-01, as known on 2025-01-01.",
        "ordinary M6, employer 99000007, due 2017-03-01: DUE 20,000 kr.",
        "ordinary M12, employer 99000007, due 2017-09-01: REFUSED ENDED_BEFORE_MILESTONE"
        " [S6, integrationsloven § 46, stk. 2 og 3]",
    ]
    waiting = [person("2016-03-10"), sector(), started("2017-04-01")]
    assert first_lines(explain(assessed(waiting, as_of="2017-11-01")))[1:] == [
        "ordinary M6, employer 99000007, due 2017-10-01: AWAITING 15,000 kr.,"
        " missing: application, confirmation",
        "ordinary M12, employer 99000007, due 2018-04-01: PENDING, forecast 15,000 kr.",
    ]


def test_a_claim_is_told_with_its_sum_and_the_fact_to_blame() -> None:
    told = [
        person(),
        sector(),
        *job(),
        paid(20000),
        tell("PlacementCorrected", placement="L1", started_on="2017-04-01", on="2017-09-14"),
    ]
    assert first_lines(explain(assessed(told)))[-1] == (
        "Claim, ordinary M6, employer 99000007: paid 20000 - due 15000 = 5,000 kr.,"
        " raised on 2017-09-14: CORRECTED_START_DATE (PlacementCorrected of 2017-09-14)"
    )


@pytest.mark.parametrize(
    ("permit", "born", "written"),
    [
        (
            "2016-09-01",
            "1998-09-01",
            [
                "passed: HIRED_BEFORE_PERMIT: start 2016-09-01 >= permit 2016-09-01",
                "passed: IGU_AGE: start 2016-09-01 >= 2016-09-01;"
                " start 2016-09-01 < 1998-09-01 + 480 months = 2038-09-01",
            ],
        ),
        (
            "2016-09-02",
            "1998-09-02",
            [
                "failed: HIRED_BEFORE_PERMIT: start 2016-09-01 < permit 2016-09-02",
                "failed: IGU_AGE: start 2016-09-01 < 2016-09-02;"
                " start 2016-09-01 < 1998-09-02 + 480 months = 2038-09-02",
            ],
        ),
        (
            "2016-09-01",
            "1976-09-01",
            [
                "failed: IGU_AGE: start 2016-09-01 >= 1994-09-01;"
                " start 2016-09-01 >= 1976-09-01 + 480 months = 2016-09-01",
            ],
        ),
    ],
)
def test_a_comparison_is_written_as_it_is(permit: str, born: str, written: list[str]) -> None:
    text = explain(assessed(trainee(permit=permit, born_on=born), course("2016-09-01")))
    assert all(each in text for each in written)


def test_flags_are_told() -> None:
    told = [started("2019-07-01", contract_signed_on="2019-06-30")]
    text = explain(assessed(told))
    assert text.endswith("\nFlags: REVIEW_CONTRACT_BEFORE_WINDOW_END\n")


def test_a_decision_is_told_with_the_review_it_answers() -> None:
    accepted = explain(assessed(person(), job(), decided("SECTOR_UNKNOWN", "accepted")))
    assert (
        "accepted: SECTOR_UNKNOWN: employer 99000007 on 2017-03-01: no report is valid;"
        " accepted on 2016-01-01 [S2, integrationsloven § 46, stk. 6] (ReviewDecided of 2016-01-01)"
    ) in accepted
    refused = explain(assessed(person(), job(), decided("SECTOR_UNKNOWN", "refused")))
    assert "failed: REVIEW_REFUSED: SECTOR_UNKNOWN: employer 99000007 on 2017-03-01" in refused


def test_what_a_terminal_would_obey_is_escaped() -> None:
    told = [person(category="ref\x1b[2Jugee"), started("2016-09-01", placement="L\n1")]
    text = explain(assessed(told))
    assert "\x1b" not in text
    assert "placement L\\n1" in text
    assert "category ref\\x1b[2Jugee" in text
