"""A spell is what one clock runs over: adjoining, concurrent and continued placements."""

from __future__ import annotations

import pytest

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    GAMMA,
    applied,
    assessed,
    completed,
    confirmed,
    ended,
    job,
    line,
    outcome,
    person,
    sector,
    started,
    tell,
    trainee,
)

BASE = [person(), sector(), sector(BETA), sector(GAMMA)]
COURSE_BASE = [trainee(), sector(), sector(BETA), sector(GAMMA)]


def continued(
    start: str, reason: str = "company_closed", last_day: str = "2017-01-31", kind: str = "igu"
) -> list[Fact]:
    return [
        started("2016-09-01", kind=kind),
        ended(last_day, reason),
        started(start, placement="L2", employer=BETA, kind=kind, continues="L1"),
    ]


@pytest.mark.parametrize(
    ("again", "start"), [("2017-01-01", "2016-09-01"), ("2017-01-02", "2017-01-02")]
)
def test_placements_that_adjoin_are_one_spell_and_a_break_starts_anew(
    again: str, start: str
) -> None:
    told = [
        started("2016-09-01"),
        ended("2016-12-31"),
        started(again, placement="L2"),
        confirmed("2016-09-01", "2016-12-31", "1000"),
        confirmed(again, "2017-12-31", "5000", placement="L2"),
        applied("M6", placement="L2"),
    ]
    found = line(assessed(BASE, told))
    assert (found.status, found.start.isoformat()) == ("DUE", start)


def test_a_spell_may_hang_together_by_one_long_placement() -> None:
    told = [
        started("2016-09-01", placement="L1"),
        ended("2017-12-31", placement="L1"),
        started("2016-10-01", placement="L2"),
        ended("2016-10-31", placement="L2"),
        started("2017-06-01", placement="L3"),
    ]
    assert line(assessed(BASE, told)).placements == ("L1", "L2", "L3")


def test_other_kinds_do_not_prolong_a_spell() -> None:
    told = [
        started("2016-07-01", placement="L0", kind="wage_subsidy"),
        ended("2016-08-31", placement="L0"),
        *job("2016-09-01"),
    ]
    assert line(assessed(BASE, told)).start.isoformat() == "2016-09-01"


def test_an_annulled_placement_joins_nothing() -> None:
    told = [
        started("2016-07-01", placement="L0"),
        ended("2016-08-31", placement="L0"),
        tell("PlacementAnnulled", placement="L0", reason="mistake"),
        *job("2016-09-01"),
    ]
    assert line(assessed(BASE, told)).start.isoformat() == "2016-09-01"


def test_a_change_of_employer_starts_anew() -> None:
    told = [*job("2016-09-01"), ended("2017-01-31"), *job("2017-02-01", "L2", BETA)]
    assessment = assessed(BASE, told)
    assert outcome(assessment, employer=ALFA) == "REFUSED ENDED_BEFORE_MILESTONE"
    assert line(assessment, employer=BETA).start.isoformat() == "2017-02-01"


def test_a_business_transfer_carries_the_clock_to_the_new_employer() -> None:
    told = [
        *continued("2017-02-01", "business_transfer", kind="ordinary"),
        confirmed("2016-09-01", "2017-01-31", "800"),
        confirmed("2017-02-01", "2017-08-31", "800", placement="L2"),
        applied("M6", placement="L2"),
    ]
    assessment = assessed(BASE, told)
    assert {each.employer for each in assessment.instalments} == {BETA}
    assert (outcome(assessment, employer=BETA), line(assessment, employer=BETA).start.month) == (
        "DUE 20000",
        9,
    )


def test_after_a_transfer_the_payee_is_the_employer_on_the_milestones_date() -> None:
    told = [
        *continued("2017-04-01", "business_transfer", "2017-03-31", "ordinary"),
        confirmed("2016-09-01", "2017-03-31", "800"),
        confirmed("2017-04-01", "2017-08-31", "800", placement="L2"),
        applied("M6", placement="L2"),
        applied("M12", placement="L1"),
    ]
    assessment = assessed(BASE, told)
    # Each application is about a placement of the spell, but not at the payee of its milestone.
    assert line(assessment, "M6", employer=ALFA).missing == ("application",)
    assert line(assessment, "M12", employer=BETA).missing == ("application",)


@pytest.mark.parametrize(
    ("transfer", "last_day", "payee"),
    [("2017-03-01", "2017-02-28", BETA), ("2017-03-02", "2017-03-01", ALFA)],
)
def test_a_transfer_on_the_milestones_date_makes_the_new_employer_payee(
    transfer: str, last_day: str, payee: str
) -> None:
    told = continued(transfer, "business_transfer", last_day, "ordinary")
    (found,) = [each for each in assessed(BASE, told).instalments if each.milestone == "M6"]
    assert (found.due_on.isoformat(), found.employer) == ("2017-03-01", payee)


@pytest.mark.parametrize(
    ("start", "reason", "last_day"),
    [
        ("2017-02-02", "business_transfer", "2017-01-31"),
        ("2017-01-31", "business_transfer", "2017-01-31"),
        ("2017-02-01", "company_closed", "2017-01-31"),
    ],
)
def test_an_ordinary_job_is_continued_only_by_a_transfer_of_the_day_before(
    start: str, reason: str, last_day: str
) -> None:
    told = continued(start, reason, last_day, "ordinary")
    assessment = assessed(BASE, told)
    assert line(assessment, employer=BETA).start.isoformat() == start


@pytest.mark.parametrize("reason", ["company_closed", "dismissed"])
def test_a_course_may_be_carried_over_a_gap_that_moves_the_milestone(reason: str) -> None:
    # 1 to 14 February is a gap of 14 days before the first milestone.
    told = [*continued("2017-02-15", reason), applied("M6", placement="L2")]
    assessment = assessed(COURSE_BASE, told)
    found = line(assessment, "M6", "igu", BETA)
    assert (found.status, found.due_on.isoformat()) == ("DUE", "2017-03-15")
    assert line(assessment, "M24", "igu", BETA).due_on.isoformat() == "2018-09-15"


@pytest.mark.parametrize(
    ("start", "reason"),
    [("2017-02-15", "resigned"), ("2017-01-31", "company_closed")],
)
def test_a_course_is_not_carried_over_otherwise(start: str, reason: str) -> None:
    assessment = assessed(COURSE_BASE, continued(start, reason))
    assert line(assessment, "M6", "igu", BETA).start.isoformat() == start
    assert "REVIEW_SECOND_IGU_AGREEMENT" in assessment.flags


def test_what_is_continued_must_have_ended_be_known_and_of_the_same_kind() -> None:
    running = [
        started("2016-09-01", kind="igu"),
        started("2017-02-01", placement="L2", employer=BETA, kind="igu", continues="L1"),
    ]
    unknown = started("2017-02-01", placement="L2", employer=BETA, kind="igu", continues="L9")
    other_kind = [
        started("2016-09-01", kind="internship"),
        ended("2017-01-31", "company_closed"),
        started("2017-02-01", placement="L2", employer=BETA, kind="igu", continues="L1"),
    ]
    for told in (running, [unknown], other_kind):
        assessment = assessed(COURSE_BASE, told)
        assert line(assessment, "M6", "igu", BETA).start.isoformat() == "2017-02-01"


def test_continues_may_name_any_id_of_the_earlier_one() -> None:
    told = [
        *continued("2017-02-01"),
        started("2016-09-01", placement="other", kind="igu"),
        started(
            "2017-02-01",
            placement="L2",
            employer=BETA,
            kind="igu",
            continues="other",
            on="2017-02-03",
        ),
    ]
    assessment = assessed(COURSE_BASE, told)
    assert line(assessment, "M6", "igu", BETA).start.isoformat() == "2016-09-01"


@pytest.mark.parametrize(
    ("last_day", "again", "m6"),
    [
        ("2017-02-27", "2017-03-10", "2017-03-11"),
        ("2017-02-28", "2017-03-10", "2017-03-01"),
    ],
)
def test_a_gap_after_a_reached_milestone_moves_nothing(last_day: str, again: str, m6: str) -> None:
    assessment = assessed(COURSE_BASE, continued(again, "dismissed", last_day))
    (found,) = [each for each in assessment.instalments if each.milestone == "M6"]
    assert found.due_on.isoformat() == m6


def test_gaps_move_the_date_in_order_after_the_extension() -> None:
    told = [
        *continued("2017-02-15", "dismissed"),
        ended("2018-09-20", "dismissed", placement="L2"),
        started("2018-10-01", placement="L3", employer=GAMMA, kind="igu", continues="L2"),
        tell("PlacementExtended", placement="L2", days=7),
    ]
    # 2018-09-01, 7 days of extension, 14 of the first gap = 22 September; the second gap begins
    # on the 21st and so moves it by its 10 days.
    assessment = assessed(COURSE_BASE, told)
    assert line(assessment, "M24", "igu", GAMMA).due_on.isoformat() == "2018-10-02"


def test_the_placement_that_lasts_longest_tells_whether_a_course_was_broken_off() -> None:
    told = [
        started("2016-09-01", kind="igu"),
        ended("2018-12-31", "completed"),
        started("2017-09-01", placement="L2", kind="igu"),
        ended("2018-08-31", "resigned", placement="L2"),
    ]
    assert outcome(assessed(COURSE_BASE, told), "M24", "igu") == "AWAITING 20000"
    later = ended("2019-01-31", "resigned", placement="L2", on="2019-02-01")
    assert outcome(assessed(COURSE_BASE, told, later), "M24", "igu") == (
        "REFUSED IGU_NOT_COMPLETED"
    )
    running = tell("PlacementEndRetracted", placement="L1", on="2019-02-01")
    assert outcome(assessed(COURSE_BASE, told, later, running), "M24", "igu") == "AWAITING 20000"


def test_of_several_certificates_in_a_spell_the_last_recorded_counts() -> None:
    told = [
        *continued("2017-02-01"),
        completed("3000", on="2018-09-05"),
        completed("100", placement="L2", on="2018-09-06"),
    ]
    assessment = assessed(COURSE_BASE, told)
    assert outcome(assessment, "M24", "igu", BETA) == "REFUSED IGU_PRACTICE_BELOW_25"


def test_practice_is_averaged_over_two_years_whatever_the_gaps() -> None:
    # 730 days from 1 September 2016; 25 hours a week are 2607.142857...
    told = [*continued("2017-06-01"), completed("2607.2")]
    assessment = assessed(COURSE_BASE, told)
    assert outcome(assessment, "M24", "igu", BETA) == "AWAITING 20000"


def test_a_placement_without_a_day_leaves_no_gap_before_the_start() -> None:
    told = [
        started("2016-09-01", placement="L1", kind="igu"),
        ended("2016-06-30", "dismissed", placement="L1"),
        started("2016-09-05", placement="L2", employer=BETA, kind="igu", continues="L1"),
    ]
    # The gap is 1 to 4 September, not from July: nothing lies before the start of the spell.
    found = line(assessed(COURSE_BASE, told), "M6", "igu", BETA)
    assert (found.start.isoformat(), found.due_on.isoformat()) == ("2016-09-01", "2017-03-05")


def test_dates_at_the_end_of_the_calendar_stop_nothing() -> None:
    told = [*job("2018-09-01"), ended("9999-12-31"), started("9999-11-30", "L2", BETA)]
    assessment = assessed([person("2018-03-10"), sector()], told)
    assert outcome(assessment) == "DUE 20000"
    assert line(assessment, employer=BETA).due_on.isoformat() == "9999-12-31"
    first = started("0001-01-01", "L3", GAMMA, "igu")
    assert line(assessed(COURSE_BASE, first), "M24", "igu", GAMMA).reason == "HIRED_BEFORE_PERMIT"
