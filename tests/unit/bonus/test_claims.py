"""Money paid beyond what a line gives is claimed back, dated and explained."""

from __future__ import annotations

import pytest

from services.bonus.domain.assessment import Assessment
from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    FIRST_TOLD,
    assessed,
    completed,
    confirmed,
    corrected_person,
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

BASE = [person(), sector(), *job()]
AGAIN = {
    "placement": "L1",
    "person": "P1",
    "employer": ALFA,
    "kind": "ordinary",
    "started_on": "2016-09-01",
}
"""The job told anew, which changes nothing."""


def claims(assessment: Assessment) -> list[tuple[str, int, str, str]]:
    return [
        (each.milestone, each.amount_dkk, each.raised_on.isoformat(), each.reason.value)
        for each in assessment.repayment_claims
    ]


def test_what_is_paid_as_due_is_not_claimed() -> None:
    assert claims(assessed(BASE, paid(20000), paid(20000, "M12"))) == []


def test_too_much_money_out_is_overpaid() -> None:
    assert claims(assessed(BASE, paid(20001))) == [("M6", 1, "2017-03-10", "OVERPAID")]


@pytest.mark.parametrize(
    ("fact", "amount", "reason"),
    [
        (
            tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-09-14"),
            20000,
            "ANNULLED",
        ),
        (ended("2016-09-01", "never_showed_up", on="2017-09-14"), 20000, "ANNULLED"),
        (ended("2016-12-31", on="2017-09-14"), 20000, "CORRECTED_END_DATE"),
        (
            tell("PlacementCorrected", placement="L1", started_on="2017-04-01", on="2017-09-14"),
            5000,
            "CORRECTED_START_DATE",
        ),
        (
            corrected_person(permit_granted_on="2015-08-31", on="2017-09-14"),
            5000,
            "CORRECTED_PERMIT",
        ),
        (sector(of="public_authority", on="2017-09-14"), 20000, "CORRECTED_SECTOR"),
        (confirmed("2016-09-01", "2017-02-28", "100", on="2017-09-14"), 20000, "CORRECTED_HOURS"),
    ],
)
def test_the_reason_is_the_fact_without_which_the_claim_would_be_lower(
    fact: Fact, amount: int, reason: str
) -> None:
    told = assessed(BASE, paid(20000), fact, as_of="2018-01-01")
    assert claims(told) == [("M6", amount, "2017-09-14", reason)]


BEFORE_THE_WINDOW = [
    started("2016-03-01", "L0"),
    ended("2016-08-30", placement="L0", on="2016-09-01"),
]


def test_a_retracted_end_can_join_a_job_to_one_begun_too_early() -> None:
    retracted = tell("PlacementEndRetracted", placement="L0", on="2017-09-14")
    told = assessed(BASE, BEFORE_THE_WINDOW, paid(20000), retracted)
    assert claims(told) == [("M6", 20000, "2017-09-14", "CORRECTED_END_DATE")]


def test_a_reinstatement_can_join_a_job_to_one_begun_too_early() -> None:
    told = [
        *BEFORE_THE_WINDOW,
        ended("2016-08-31", placement="L0", on="2016-09-02"),
        tell("PlacementAnnulled", placement="L0", reason="mistake", on="2016-10-01"),
        paid(20000),
        tell("PlacementReinstated", placement="L0", on="2017-09-14"),
    ]
    assert claims(assessed(BASE, told)) == [("M6", 20000, "2017-09-14", "OTHER")]


def test_a_refused_review_claims_back_what_its_acceptance_paid() -> None:
    told = [
        person(),
        *job(),
        decided("SECTOR_UNKNOWN", "accepted", on="2017-03-02"),
        paid(20000),
        decided("SECTOR_UNKNOWN", "refused", on="2017-09-14"),
    ]
    assert claims(assessed(told)) == [("M6", 20000, "2017-09-14", "REVIEW_REFUSED")]


def test_nothing_is_claimed_while_the_line_is_under_review() -> None:
    told = [person(), *job(), paid(20000)]
    assert claims(assessed(told)) == []


def test_hours_of_a_certificate_can_be_to_blame() -> None:
    told = [trainee(), sector(), *course(), paid(20000, "M24", settled="2018-10-01")]
    fewer = completed("100", on="2018-11-01")
    assert claims(assessed(told, fewer)) == [("M24", 20000, "2018-11-01", "CORRECTED_HOURS")]


def test_money_paid_before_anything_gave_it_is_another_reason() -> None:
    told = [started("2016-09-01", on="2017-03-12"), paid(20000, on="2017-03-10")]
    public = sector(of="public_authority", on="2017-03-01")
    assert claims(assessed(person(), public, told)) == [("M6", 20000, "2017-03-12", "OTHER")]


def test_two_facts_of_one_day_and_only_one_to_blame() -> None:
    told = [
        paid(20000),
        tell("PlacementCorrected", placement="L1", started_on="2016-09-02", on="2017-09-14"),
        corrected_person(permit_granted_on="2015-08-31", on="2017-09-14"),
    ]
    found = assessed(BASE, told).repayment_claims
    assert [each.reason.value for each in found] == ["CORRECTED_PERMIT"]
    assert [type(fact).__name__ for fact in found[0].facts] == ["PersonCorrected"]


def test_where_several_are_to_blame_the_first_in_order_is_the_reason() -> None:
    told = [
        paid(20000),
        tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-09-14"),
        sector(of="public_authority", on="2017-09-14"),
        paid(1, settlement="S9", on="2017-09-14"),
    ]
    # Each of the first two alone is enough for the 20,000; without the third a krone is missing.
    assert claims(assessed(BASE, told)) == [("M6", 20001, "2017-09-14", "OVERPAID")]


def test_where_none_alone_is_to_blame_the_first_in_order_of_the_day_is_the_reason() -> None:
    told = [
        paid(20000),
        sector(of="public_authority", on="2017-09-14"),
        tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-09-14"),
    ]
    assert claims(assessed(BASE, told)) == [("M6", 20000, "2017-09-14", "ANNULLED")]


def test_a_claim_that_changes_twice_is_raised_at_the_last_change() -> None:
    # Without the fact of 1 August the claim would be higher: the day's first in order is taken.
    told = [
        paid(20000),
        corrected_person(permit_granted_on="2015-08-31", on="2017-06-01"),
        paid(5000, settlement="S2", on="2017-07-01"),
        paid(-5000, settlement="S3", on="2017-08-01"),
        tell("PlacementStarted", on="2017-08-02", **AGAIN),
    ]
    assert claims(assessed(BASE, told)) == [("M6", 5000, "2017-08-01", "OVERPAID")]


def test_a_claim_that_was_gone_in_between_is_raised_anew() -> None:
    told = [
        paid(20000),
        tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-06-01"),
        tell("PlacementReinstated", placement="L1", on="2017-06-05"),
        tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-06-09"),
    ]
    assert claims(assessed(BASE, told)) == [("M6", 20000, "2017-06-09", "ANNULLED")]
    assert claims(assessed(BASE, told, known_on="2017-06-08")) == []
    assert claims(assessed(BASE, told, known_on="2017-06-04")) == [
        ("M6", 20000, "2017-06-01", "ANNULLED")
    ]


def test_movements_under_one_settlement_are_one_and_the_last_recorded_counts() -> None:
    told = [
        paid(20000, settlement="S1", on="2017-03-10"),
        paid(25000, settlement="S1", settled="2017-03-11", on="2017-03-12"),
    ]
    assert claims(assessed(BASE, told)) == [("M6", 5000, "2017-03-12", "OVERPAID")]


def test_movements_without_a_settlement_are_one_by_placement_milestone_and_day() -> None:
    second_id = started("2016-09-01", placement="other")
    told = [paid(20000), paid(20000, placement="other", on="2017-03-11")]
    assert claims(assessed(BASE, second_id, told)) == []
    another_day = paid(20000, settled="2017-03-11", on="2017-03-11")
    assert claims(assessed(BASE, told[0], another_day)) == [("M6", 20000, "2017-03-11", "OVERPAID")]


def test_money_returned_lowers_the_claim() -> None:
    told = [
        paid(20000, settlement="S1"),
        paid(-8000, settlement="S2"),
        tell("PlacementAnnulled", placement="L1", reason="mistake", on="2017-09-14"),
    ]
    assert claims(assessed(BASE, told)) == [("M6", 12000, "2017-09-14", "ANNULLED")]


def test_a_payout_belongs_to_the_employer_of_its_placement_payee_or_not() -> None:
    told = [
        person(),
        sector(),
        sector(BETA),
        started("2016-09-01"),
        ended("2017-01-31", "business_transfer"),
        started("2017-02-01", "L2", BETA, continues="L1"),
        paid(20000, placement="L1"),
    ]
    (claim,) = assessed(told).repayment_claims
    assert (claim.employer, claim.amount_dkk, claim.paid_dkk) == (ALFA, 20000, 20000)


def test_what_would_be_due_is_not_claimed_while_papers_are_missing() -> None:
    told = [person(), sector(), started("2016-09-01"), paid(20000)]
    assert claims(assessed(told)) == []


def test_a_claim_may_be_as_old_as_the_first_fact() -> None:
    told = [
        *BASE,
        paid(20000, on=FIRST_TOLD),
        tell("PlacementAnnulled", placement="L1", reason="mistake"),
        tell("PlacementStarted", on="2017-08-02", **AGAIN),
    ]
    assert claims(assessed(told)) == [("M6", 20000, FIRST_TOLD, "ANNULLED")]
