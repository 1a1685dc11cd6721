"""A repayment claim is explained as an instalment is: rule, law, facts, comparison, verdict."""

from __future__ import annotations

from typing import Any

import pytest

from services.bonus.assess import as_object
from services.bonus.domain.assessment import Assessment
from services.bonus.domain.explanation import explain
from services.bonus.domain.facts import Fact
from services.bonus.rules import load_rules
from tests.unit.bonus.stories import assessed, job, paid, person, sector, tell

BASE = [person(), sector(), *job()]
MOVED = tell("PlacementCorrected", placement="L1", started_on="2017-04-01", on="2017-09-14")
ANNULLED = tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-09-20")


def checks(assessment: Assessment) -> dict[str, dict[str, Any]]:
    """What was asked about the only claim, by code."""
    told: Any = as_object(assessment, explained=True)
    (claim,) = told["repayment_claims"]
    return {each["code"]: each for each in claim["explanation"]["checks"]}


def compared(assessment: Assessment, code: str) -> str:
    arithmetic: str = checks(assessment)[code]["arithmetic"]
    return arithmetic


def test_each_rule_of_claims_is_told_with_law_and_verdict_in_order() -> None:
    told = checks(assessed(BASE, paid(20000), MOVED, as_of="2017-10-01"))
    assert [(each["rule"], each["verdict"]) for each in told.values()] == [
        ("C2", "found"),
        ("C1", "raised"),
        ("C3", "found"),
        ("C4", "found"),
        ("C5", "passed"),
    ]
    assert told["CLAIM_TIME_BARRED"]["law"] == "forældelsesloven § 3, stk. 1"
    assert told["CLAIM_REASON"]["facts"] == [
        {"fact": "PlacementCorrected", "recorded_on": "2017-09-14"}
    ]


def test_the_sum_is_that_of_the_movements_each_counted_once() -> None:
    again = paid(20000, on="2017-03-12")
    back = paid(-500, settled="2017-05-02", on="2017-05-03")
    told = assessed(BASE, paid(20000), again, back, ANNULLED)
    assert compared(told, "MOVEMENTS_COUNTED_ONCE") == (
        "20000 kr. on 2017-03-10; -500 kr. on 2017-05-02"
    )
    assert compared(told, "PAID_TOO_MUCH") == "paid 19500 - due 0 = 19500"
    assert [each["recorded_on"] for each in checks(told)["PAID_TOO_MUCH"]["facts"]] == [
        "2017-03-12",
        "2017-05-03",
    ]


def test_a_claim_that_grew_says_what_it_was_before() -> None:
    told = assessed(BASE, paid(20000), MOVED, ANNULLED)
    assert compared(told, "CLAIM_RAISED_ON") == (
        "20000 kr. claimed since 2017-09-20; 5000 kr. by what was known before"
    )
    assert (
        compared(told, "CLAIM_REASON") == "reason ANNULLED; without PlacementAnnulled: 5000 < 20000"
    )


def test_a_claim_no_single_fact_makes_says_so() -> None:
    twice = [
        tell("PlacementAnnulled", placement="L1", reason=reason, on="2017-09-20")
        for reason in ("mistake", "error")
    ]
    assert compared(assessed(BASE, paid(20000), twice), "CLAIM_REASON") == (
        "reason ANNULLED; no fact of 2017-09-20 makes it by itself"
    )


@pytest.mark.parametrize(
    ("as_of", "verdict", "sign"), [("2020-03-10", "passed", "<="), ("2020-03-11", "failed", ">")]
)
def test_three_years_after_the_last_payment_the_claim_is_barred(
    as_of: str, verdict: str, sign: str
) -> None:
    larger = paid(19900, settled="2016-05-01", on="2017-03-09")
    back = paid(-50, settled="2017-05-01", on="2017-05-01")
    told = checks(assessed(BASE, larger, paid(100), back, ANNULLED, as_of=as_of))
    barred = told["CLAIM_TIME_BARRED"]
    assert barred["verdict"] == verdict
    assert barred["arithmetic"] == f"seen {as_of} {sign} 2017-03-10 + 36 months = 2020-03-10"
    assert barred["facts"] == [{"fact": "PayoutSettled", "recorded_on": "2017-03-10"}]


def test_people_read_it_in_both_languages() -> None:
    facts: list[Fact] = [*BASE, paid(20000), MOVED]
    english = explain(assessed(facts, as_of="2017-10-01"), load_rules())
    assert (
        "\n  found: CLAIM_REASON: reason CORRECTED_START_DATE; without PlacementCorrected: 0 < 5000"
        " [C4, forvaltningsloven § 24] (PlacementCorrected of 2017-09-14)\n"
    ) in english
    danish = explain(assessed(facts, as_of="2017-10-01"), load_rules(), "da")
    assert (
        "\n  i orden: kravets forældelse: set 01.10.2017 <= 10.03.2017 + 36 måneder = 10.03.2020"
        " [C5, forældelsesloven § 3, stk. 1] (udbetaling gennemført 10.03.2017)\n"
    ) in danish
    assert "uden »start rettet«: 0 < 5000" in danish


def test_unasked_a_claim_has_the_agreed_keys_and_no_more() -> None:
    told: Any = as_object(assessed(BASE, paid(20000), MOVED))
    (claim,) = told["repayment_claims"]
    assert list(claim) == [
        "scheme",
        "milestone",
        "employer",
        "amount_dkk",
        "raised_on",
        "reason",
    ]
