"""Prior ordinary employment at the company of a course is left to a caseworker."""

from __future__ import annotations

import pytest

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    assessed,
    course,
    decided,
    ended,
    line,
    outcome,
    person,
    sector,
    started,
    tell,
    trainee,
)

BASE = [trainee(permit="2016-03-10"), sector(), sector(BETA)]
PRIOR = "REVIEW IGU_PRIOR_EMPLOYMENT"


def job_before(
    start: str = "2016-04-01",
    last_day: str | None = "2016-04-30",
    employer: str = ALFA,
    kind: str = "ordinary",
) -> list[Fact]:
    told = [started(start, "L0", employer, kind)]
    return told if last_day is None else [*told, ended(last_day, placement="L0")]


@pytest.mark.parametrize(
    ("before", "result"),
    [
        (job_before(), PRIOR),
        (job_before(start="2017-08-31", last_day=None), PRIOR),
        (job_before(start="2017-09-01", last_day=None), "DUE 20000"),
        (job_before(employer=BETA), "DUE 20000"),
        (job_before(kind="internship"), "DUE 20000"),
        (
            [*job_before(), tell("PlacementAnnulled", placement="L0", reason="mistake")],
            "DUE 20000",
        ),
    ],
)
def test_until_mid_2019_any_ordinary_job_before_at_the_company_counts(
    before: list[Fact], result: str
) -> None:
    assert outcome(assessed(BASE, before, course("2017-09-01")), scheme="igu") == result


@pytest.mark.parametrize(
    ("start", "last_day", "result"),
    [
        ("2019-06-30", "2016-04-30", PRIOR),
        ("2019-07-01", "2016-04-30", "DUE 20000"),
        ("2019-07-01", "2019-03-31", "DUE 20000"),
        ("2019-07-01", "2019-04-01", PRIOR),
        ("2019-07-01", None, PRIOR),
    ],
)
def test_from_mid_2019_only_a_job_of_the_last_three_months_counts(
    start: str, last_day: str | None, result: str
) -> None:
    told = [*job_before(last_day=last_day), *course(start)]
    assert outcome(assessed(BASE, told), scheme="igu") == result


@pytest.mark.parametrize(
    ("start", "within"),
    [
        ("2017-09-01", "before the course on 2017-09-01"),
        ("2019-07-01", "before the course, since 2019-04-01 on 2019-07-01"),
    ],
)
def test_the_job_and_how_far_back_it_counts_are_written_down(start: str, within: str) -> None:
    told = [*job_before(last_day=None), *course(start)]
    found = line(assessed(BASE, told), scheme="igu")
    (test,) = [check for check in found.checks if check.code == "IGU_PRIOR_EMPLOYMENT"]
    assert test.arithmetic == f"ordinary job from 2016-04-01 at {ALFA} {within}"


def test_the_company_is_that_of_the_courses_first_placement() -> None:
    told = [
        *job_before(employer=BETA),
        started("2017-09-01", "L1", ALFA, "igu", on="2017-09-01"),
        ended("2017-10-31", "company_closed", "L1"),
        started("2017-11-01", "L2", BETA, "igu", on="2017-11-01", continues="L1"),
    ]
    assert outcome(assessed(BASE, told), scheme="igu", employer=BETA) == "AWAITING 20000"


@pytest.mark.parametrize(
    ("decision", "result"), [("accepted", "DUE 20000"), ("refused", "REFUSED REVIEW_REFUSED")]
)
def test_a_caseworker_decides(decision: str, result: str) -> None:
    told = decided("IGU_PRIOR_EMPLOYMENT", decision, scheme="igu")
    assert outcome(assessed(BASE, job_before(), course("2017-09-01"), told), scheme="igu") == result


def test_a_test_names_the_facts_its_values_come_from_and_no_other() -> None:
    told = [
        person("2010-01-01", on="2016-02-01"),
        tell("PersonCorrected", person="P1", permit_granted_on="2016-03-10", on="2016-02-02"),
        sector(),
        started("2016-09-01"),
    ]
    checks = {check.code.value: check for check in line(assessed(told)).checks}
    named = {
        code: [type(fact).__name__ for fact in checks[code].facts]
        for code in ("PERSON_NOT_COVERED", "PERMIT_OLDER_THAN_2Y")
    }
    assert named == {
        "PERSON_NOT_COVERED": ["PersonRegistered"],
        "PERMIT_OLDER_THAN_2Y": ["PersonCorrected"],
    }
