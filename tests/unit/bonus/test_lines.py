"""Over all spells of a person: once, one line each, and no more than 40,000 at one employer."""

from __future__ import annotations

import pytest

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    applied,
    assessed,
    confirmed,
    course,
    decided,
    ended,
    job,
    line,
    outcome,
    sector,
    started,
    tell,
    trainee,
)

BASE = [trainee(permit="2016-03-10"), sector(), sector(BETA)]
OVER = "OVER_40000_SAME_EMPLOYER_PERSON"


def spell(
    start: str, last_day: str, placement: str, filed: str, employer: str = ALFA
) -> list[Fact]:
    return [
        started(start, placement=placement, employer=employer),
        ended(last_day, placement=placement),
        confirmed(start, last_day, "9000", placement=placement),
        applied("M6", filed, placement=placement),
    ]


def test_a_rehire_is_paid_once_to_the_one_filed_first() -> None:
    told = [
        spell("2016-09-01", "2017-03-31", "L1", "2018-05-02"),
        spell("2017-05-01", "2017-12-31", "L2", "2018-05-01"),
    ]
    found = line(assessed(BASE, *told))
    # The second hire is dearer to the company: filed first, but 15,000.
    assert (found.status, found.start.isoformat(), found.amount_dkk) == ("DUE", "2017-05-01", 15000)


def test_filed_on_one_day_the_earlier_milestone_is_paid() -> None:
    told = [
        spell("2016-09-01", "2017-03-31", "L1", "2018-05-01"),
        spell("2017-05-01", "2017-12-31", "L2", "2018-05-01"),
    ]
    assert line(assessed(BASE, *told)).start.isoformat() == "2016-09-01"


def test_two_ordinary_employers_each_have_their_own_right() -> None:
    told = [*job("2016-09-01"), *job("2016-09-01", "L2", BETA)]
    assessment = assessed(BASE, told)
    assert [outcome(assessment, employer=each) for each in (ALFA, BETA)] == ["DUE 20000"] * 2


def test_a_course_is_paid_once_for_the_person() -> None:
    told = [
        *course("2016-09-01"),
        ended("2017-06-30"),
        started("2017-09-01", "L2", BETA, "igu"),
        applied("M6", "2018-03-02", placement="L2"),
    ]
    assessment = assessed(BASE, told)
    assert outcome(assessment, scheme="igu") == "DUE 20000"
    assert outcome(assessment, scheme="igu", employer=BETA) == "REFUSED ALREADY_PAID"


def test_courses_filed_on_one_day_and_due_on_one_day_go_by_the_company_number() -> None:
    told = [*course("2016-09-01", "L1", BETA), *course("2016-09-01", "L2", ALFA)]
    assessment = assessed(BASE, told)
    assert outcome(assessment, scheme="igu", employer=ALFA) == "DUE 20000"
    assert outcome(assessment, scheme="igu", employer=BETA) == "REFUSED ALREADY_PAID"


def test_a_right_already_earned_refuses_others_still_pending_or_awaiting() -> None:
    told = [
        *course("2016-09-01"),
        ended("2017-06-30"),
        started("2017-09-01", "L2", BETA, "igu"),
    ]
    for as_of in ("2017-10-01", "2018-04-01"):
        assessment = assessed(BASE, told, as_of=as_of)
        assert outcome(assessment, scheme="igu", employer=BETA) == "REFUSED ALREADY_PAID"


def test_an_earlier_reason_stays_before_already_paid() -> None:
    told = [
        *course("2016-09-01"),
        ended("2017-06-30"),
        started("2017-09-01", "L2", BETA, "igu"),
        ended("2017-10-31", placement="L2"),
    ]
    assessment = assessed(BASE, told)
    assert outcome(assessment, scheme="igu", employer=BETA) == "REFUSED ENDED_BEFORE_MILESTONE"


def test_an_awaiting_line_bars_nobody() -> None:
    told = [
        started("2016-09-01", kind="igu"),
        ended("2017-06-30"),
        started("2017-09-01", "L2", BETA, "igu"),
        applied("M6", "2018-03-02", placement="L2"),
    ]
    assessment = assessed(BASE, told)
    assert outcome(assessment, scheme="igu", employer=BETA) == "DUE 20000"
    assert outcome(assessment, scheme="igu", employer=ALFA) == "REFUSED ALREADY_PAID"


@pytest.mark.parametrize(
    ("as_of", "result", "start"),
    [
        ("2017-10-31", "PENDING 15000", "2017-05-01"),
        ("2017-11-01", "AWAITING 15000", "2017-05-01"),
    ],
)
def test_the_best_candidate_is_listed(as_of: str, result: str, start: str) -> None:
    told = [
        started("2016-09-01"),
        ended("2017-01-31"),
        started("2017-05-01", placement="L2"),
    ]
    assessment = assessed(BASE, told, as_of=as_of)
    assert (outcome(assessment), line(assessment).start.isoformat()) == (result, start)


def test_an_annulled_candidate_is_listed_last() -> None:
    told = [
        started("2016-09-01"),
        tell("PlacementAnnulled", placement="L1", reason="mistake"),
        started("2016-10-01", placement="L2"),
        ended("2016-11-30", placement="L2"),
    ]
    assert outcome(assessed(BASE, told)) == "REFUSED ENDED_BEFORE_MILESTONE"
    assert outcome(assessed(BASE, told[:2])) == "REFUSED ANNULLED"


def test_of_equals_the_earliest_milestone_is_listed() -> None:
    told = [
        started("2016-10-01", placement="L1"),
        ended("2016-10-31", placement="L1"),
        started("2016-12-01", placement="L2"),
        ended("2016-12-31", placement="L2"),
    ]
    assert line(assessed(BASE, told)).due_on.isoformat() == "2017-04-01"


def test_of_equals_due_on_one_day_the_reasons_text_then_the_start_decide() -> None:
    told = [
        # Both M6 fall on 28 February; with the late permit the first has another reason.
        started("2016-08-29", placement="L1"),
        ended("2016-08-29", placement="L1"),
        started("2016-08-31", placement="L2"),
        ended("2016-08-31", placement="L2"),
    ]
    late_permit = trainee(permit="2016-08-30")
    found = line(assessed(late_permit, sector(), told))
    assert (found.reason, found.start.day) == ("ENDED_BEFORE_MILESTONE", 31)
    assert line(assessed(BASE, told)).start.day == 29


def both_schemes() -> list[Fact]:
    """A course and then an ordinary job at one company: 20,000 four times."""
    return [
        *course("2016-09-01"),
        ended("2018-09-30", "completed"),
        *job("2017-03-01", "L2"),
    ]


def test_the_ceiling_sends_what_would_pass_40000_to_a_caseworker() -> None:
    assessment = assessed(BASE, both_schemes())
    results = [
        outcome(assessment, milestone, scheme)
        for milestone, scheme in (
            ("M6", "igu"),
            ("M6", "ordinary"),
            ("M12", "ordinary"),
            ("M24", "igu"),
        )
    ]
    assert results == ["DUE 20000", "DUE 20000", f"REVIEW {OVER}", f"REVIEW {OVER}"]


def test_a_smaller_line_may_still_fit_below_the_ceiling() -> None:
    # 20,000 + 15,000 + 15,000 is above; nothing smaller follows, so M24 goes to review as well.
    told = [trainee(permit="2016-02-10"), sector(), *both_schemes()]
    assessment = assessed(told)
    assert outcome(assessment, "M6") == "DUE 15000"
    assert outcome(assessment, "M12") == f"REVIEW {OVER}"
    assert outcome(assessment, "M24", "igu") == f"REVIEW {OVER}"


def test_accepted_above_the_ceiling_a_line_keeps_its_amount_and_adds_to_the_total() -> None:
    accepted = decided(OVER, "accepted", "M12")
    assessment = assessed(BASE, both_schemes(), accepted)
    assert outcome(assessment, "M12") == "DUE 20000"
    (ceiling,) = [c for c in line(assessment, "M24", "igu").checks if c.code == OVER]
    assert ceiling.arithmetic == "60000 + 20000 = 80000 > 40000"


def test_refused_above_the_ceiling_a_line_is_refused() -> None:
    refused = decided(OVER, "refused", "M12")
    found = line(assessed(BASE, both_schemes(), refused), "M12")
    assert (found.status, found.reason, found.rule) == ("REFUSED", "REVIEW_REFUSED", "S12")


def test_forecasts_and_awaiting_amounts_count_against_the_ceiling() -> None:
    told = [
        started("2016-09-01", kind="igu"),
        ended("2018-09-30", "completed"),
        started("2017-03-01", placement="L2"),
    ]
    assessment = assessed(BASE, told, as_of="2017-03-15")
    assert outcome(assessment, "M6", "igu") == "AWAITING 20000"
    assert outcome(assessment, "M6") == "PENDING 20000"
    assert outcome(assessment, "M12") == f"REVIEW {OVER}"


def test_the_ceiling_is_each_employers_own() -> None:
    told = [*course("2016-09-01"), ended("2018-09-30", "completed"), *job("2016-10-01", "L2", BETA)]
    assessment = assessed(BASE, told)
    assert {each.status for each in assessment.instalments} == {"DUE"}
    assert sum(each.amount_dkk for each in assessment.instalments) == 80000
