"""What is tested at a milestone: date, still employed, application, time, papers, completion."""

from __future__ import annotations

import pytest

from services.bonus.domain.engine import next_look_on
from tests.unit.bonus.stories import (
    FIRST_TOLD,
    applied,
    assessed,
    completed,
    confirmed,
    course,
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

BASE = [person(), sector()]
COURSE_BASE = [trainee(), sector()]


@pytest.mark.parametrize(
    ("start", "m6", "m12"),
    [
        ("2016-08-28", "2017-02-28", "2017-08-28"),
        ("2016-08-29", "2017-02-28", "2017-08-29"),
        ("2016-08-30", "2017-02-28", "2017-08-30"),
        ("2016-08-31", "2017-02-28", "2017-08-31"),
        ("2016-09-01", "2017-03-01", "2017-09-01"),
    ],
)
def test_milestones_are_counted_from_the_start_and_clamped(start: str, m6: str, m12: str) -> None:
    assessment = assessed(BASE, job(start))
    dates = [line(assessment, milestone).due_on.isoformat() for milestone in ("M6", "M12")]
    assert dates == [m6, m12]


def test_a_course_from_the_31st_of_august_reaches_m6_on_a_leap_day() -> None:
    assessment = assessed(COURSE_BASE, course("2019-08-31"))
    assert line(assessment, "M6", "igu").due_on.isoformat() == "2020-02-29"
    assert line(assessment, "M24", "igu").due_on.isoformat() == "2021-08-31"


@pytest.mark.parametrize(
    ("last_day", "result"),
    [("2017-02-27", "REFUSED ENDED_BEFORE_MILESTONE"), ("2017-02-28", "DUE 20000")],
)
def test_six_months_are_full_the_day_before_the_milestone(last_day: str, result: str) -> None:
    assert outcome(assessed(BASE, job(), ended(last_day))) == result


@pytest.mark.parametrize(
    ("end", "shown"), [(None, "still running"), ("2017-02-27", "last day 2017-02-27")]
)
def test_how_long_the_job_lasted_is_written_beside_what_is_needed(
    end: str | None, shown: str
) -> None:
    found = line(assessed(BASE, job(), [ended(end)] if end else []))
    (test,) = [check for check in found.checks if check.code == "ENDED_BEFORE_MILESTONE"]
    assert test.arithmetic == f"{shown}; needed: 2017-03-01 - 1 day = 2017-02-28"


def test_an_early_end_refuses_before_the_milestone_too() -> None:
    assessment = assessed(BASE, job(), ended("2016-10-01"), as_of="2016-11-01")
    assert outcome(assessment, "M12") == "REFUSED ENDED_BEFORE_MILESTONE"


@pytest.mark.parametrize(
    ("as_of", "result"), [("2017-02-28", "PENDING 20000"), ("2017-03-01", "DUE 20000")]
)
def test_a_milestone_is_reached_on_its_date(as_of: str, result: str) -> None:
    assert outcome(assessed(BASE, job(), as_of=as_of)) == result


def test_time_alone_changes_the_assessment_next_on_the_next_milestone() -> None:
    dates = [
        next_look_on(assessed(BASE, job(), as_of=as_of))
        for as_of in ("2016-09-01", "2017-02-28", "2017-03-01", "2017-09-01")
    ]
    assert [each and each.isoformat() for each in dates] == [
        "2017-03-01",
        "2017-03-01",
        "2017-09-01",
        None,
    ]


def test_a_milestone_of_a_spell_that_has_no_line_is_looked_at_too() -> None:
    first = [*job("2016-09-01"), ended("2018-02-28")]
    again = job("2018-04-01", placement="L2")
    assessment = assessed(BASE, first, again, as_of="2018-05-01")
    assert line(assessment).start.isoformat() == "2016-09-01"
    assert next_look_on(assessment).isoformat() == "2018-10-01"  # type: ignore[union-attr]


def test_a_reached_milestone_waits_for_application_and_confirmation() -> None:
    found = line(assessed(BASE, started("2016-09-01")))
    assert (found.status, found.amount_dkk) == ("AWAITING", 20000)
    assert found.missing == ("application", "confirmation")


def test_an_application_filed_before_the_milestone_counts() -> None:
    told = [started("2016-09-01"), confirmed("2016-09-01", "2017-02-28", "900")]
    assert outcome(assessed(BASE, told, applied("M6", "2016-09-02"))) == "DUE 20000"


def test_an_application_for_another_milestone_or_placement_does_not_count() -> None:
    told = [started("2016-09-01"), confirmed("2016-09-01", "2017-02-28", "900")]
    others = [applied("M12"), applied("M6", placement="L9")]
    assert line(assessed(BASE, told, others)).missing == ("application",)


@pytest.mark.parametrize(
    ("filed", "result"), [("2020-03-01", "DUE 20000"), ("2020-03-02", "REFUSED TIME_BARRED")]
)
def test_a_claim_is_barred_after_three_years(filed: str, result: str) -> None:
    told = [started("2016-09-01"), confirmed("2016-09-01", "2017-02-28", "900")]
    assert outcome(assessed(BASE, told, applied("M6", filed))) == result


def test_the_earliest_filed_application_counts_whatever_was_recorded_last() -> None:
    told = [started("2016-09-01"), confirmed("2016-09-01", "2017-02-28", "900")]
    twice = [applied("M6", "2020-03-01"), applied("M6", "2020-03-02", on="2020-03-05")]
    assert outcome(assessed(BASE, told, twice)) == "DUE 20000"


def test_a_milestone_not_reached_is_not_barred_by_time() -> None:
    assessment = assessed(BASE, job(), applied("M6", "2030-01-01"), as_of="2016-12-01")
    assert outcome(assessment) == "PENDING 20000"


def test_without_an_application_a_line_waits_for_ever() -> None:
    told = [started("2016-09-01"), confirmed("2016-09-01", "2017-02-28", "900")]
    assert outcome(assessed(BASE, told, as_of="2040-01-01")) == "AWAITING 20000"


def test_m6_of_a_course_needs_the_application_only() -> None:
    told = started("2016-09-01", kind="igu")
    found = line(assessed(COURSE_BASE, told), scheme="igu")
    assert (found.status, found.missing) == ("AWAITING", ("application",))
    assert outcome(assessed(COURSE_BASE, told, applied("M6")), scheme="igu") == "DUE 20000"


@pytest.mark.parametrize(
    ("schooling", "missing"),
    [(None, ("application", "certificate")), (False, ("application", "schooling"))],
)
def test_m24_waits_for_certificate_then_schooling(
    schooling: bool | None,  # noqa: FBT001  # a field of the fact
    missing: tuple[str, ...],
) -> None:
    told = [started("2016-09-01", kind="igu")]
    if schooling is not None:
        told.append(completed(schooling=schooling))
    assert line(assessed(COURSE_BASE, told), "M24", "igu").missing == missing


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        ("completed", "AWAITING 20000"),
        ("fixed_term_ended", "AWAITING 20000"),
        ("unknown", "AWAITING 20000"),
        ("resigned", "REFUSED IGU_NOT_COMPLETED"),
    ],
)
def test_a_course_without_a_certificate_must_not_have_been_broken_off(
    reason: str, result: str
) -> None:
    told = [started("2016-09-01", kind="igu"), ended("2018-08-31", reason)]
    assert outcome(assessed(COURSE_BASE, told), "M24", "igu") == result


def test_whether_a_course_was_broken_off_is_asked_when_the_milestone_is_reached() -> None:
    told = [started("2016-09-01", kind="igu"), ended("2018-08-31", "resigned")]
    assessment = assessed(COURSE_BASE, told, as_of="2018-08-31")
    assert outcome(assessment, "M24", "igu") == "PENDING 20000"


def test_a_certificate_outweighs_how_the_course_ended() -> None:
    told = [*course("2016-09-01"), ended("2018-08-31", "resigned")]
    assert outcome(assessed(COURSE_BASE, told), "M24", "igu") == "DUE 20000"


@pytest.mark.parametrize(
    ("practice", "absence", "result"),
    [
        ("2607.142857", None, "REFUSED IGU_PRACTICE_BELOW_25"),
        ("2607.142858", None, "DUE 20000"),
        ("2600", "7.142858", "DUE 20000"),
        ("2600", "7.142857", "REFUSED IGU_PRACTICE_BELOW_25"),
    ],
)
def test_practice_and_absence_reach_25_hours_of_730_days(
    practice: str, absence: str | None, result: str
) -> None:
    told = [*course("2016-09-01"), completed(practice, absence, on="2018-09-05")]
    assert outcome(assessed(COURSE_BASE, told), "M24", "igu") == result


def test_a_course_across_a_leap_day_is_averaged_over_731_days() -> None:
    # 25 x 731 / 7 is 2610.714285714...
    told = [*course("2018-09-01"), completed("2610.714285", "0.0000008", on="2020-09-05")]
    assert outcome(assessed(COURSE_BASE, told), "M24", "igu") == "DUE 20000"


def test_an_extension_moves_m24_only_and_the_last_recorded_is_the_whole() -> None:
    told = [
        *course("2016-09-01"),
        tell("PlacementExtended", placement="L1", days=60, on="2018-01-01"),
        tell("PlacementExtended", placement="L1", days=84, on="2018-02-01"),
    ]
    assessment = assessed(COURSE_BASE, told)
    assert line(assessment, "M6", "igu").due_on.isoformat() == "2017-03-01"
    assert line(assessment, "M24", "igu").due_on.isoformat() == "2018-11-24"


def test_leave_changes_nothing() -> None:
    leave = tell(
        "LeaveRecorded",
        placement="L1",
        leave="parental",
        first_day="2017-01-01",
        last_day="2017-06-30",
        on=FIRST_TOLD,
    )
    told = [*BASE, *job()]
    assert assessed(told, leave).instalments == assessed(told).instalments


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ("resigned", "completed", "AWAITING 20000"),
        ("completed", "resigned", "REFUSED IGU_NOT_COMPLETED"),
    ],
)
def test_of_placements_that_end_on_the_same_day_the_last_in_order_says_how_the_course_ended(
    first: str, second: str, result: str
) -> None:
    told = [
        *COURSE_BASE,
        started("2016-09-01", "L1", kind="igu", on="2016-09-01"),
        started("2017-01-01", "L2", kind="igu", on="2017-01-01"),
        ended("2018-08-31", first, "L1"),
        ended("2018-08-31", second, "L2"),
        applied("M24"),
    ]
    assert outcome(assessed(told), "M24", "igu") == result
