"""What is tested at the start: window, permit, price, category, age, residence."""

from __future__ import annotations

import pytest

from tests.unit.bonus.stories import (
    assessed,
    corrected_person,
    course,
    decided,
    job,
    line,
    outcome,
    person,
    sector,
    trainee,
)


@pytest.mark.parametrize(
    ("start", "result"),
    [
        ("2016-06-30", "REFUSED OUTSIDE_WINDOW"),
        ("2016-07-01", "DUE 20000"),
        ("2019-06-30", "DUE 20000"),
        ("2019-07-01", "REFUSED OUTSIDE_WINDOW"),
    ],
)
def test_ordinary_hires_count_from_july_2016_to_june_2019(start: str, result: str) -> None:
    permit = start.replace("-07-", "-06-").replace("-06-30", "-06-01")
    assert outcome(assessed(person(permit), sector(), job(start))) == result


@pytest.mark.parametrize(
    ("start", "result"),
    [
        ("2017-03-09", "REFUSED HIRED_BEFORE_PERMIT"),
        ("2017-03-10", "DUE 20000"),
        ("2018-03-10", "DUE 20000"),
        ("2018-03-11", "DUE 15000"),
        ("2019-03-10", "DUE 15000"),
        ("2019-03-11", "REFUSED PERMIT_OLDER_THAN_2Y"),
    ],
)
def test_the_age_of_the_permit_sets_the_price(start: str, result: str) -> None:
    assessment = assessed(person("2017-03-10"), sector(), job(start))
    assert [outcome(assessment, milestone) for milestone in ("M6", "M12")] == [result, result]


@pytest.mark.parametrize(
    ("permit", "start", "result"),
    [
        ("2016-02-29", "2017-02-28", "DUE 20000"),
        ("2016-02-29", "2017-03-01", "DUE 15000"),
        ("2016-02-29", "2018-02-28", "DUE 15000"),
        ("2016-02-29", "2018-03-01", "REFUSED PERMIT_OLDER_THAN_2Y"),
    ],
)
def test_a_permit_of_a_leap_day_has_its_anniversary_on_the_28th(
    permit: str, start: str, result: str
) -> None:
    assert outcome(assessed(person(permit), sector(), job(start))) == result


@pytest.mark.parametrize(
    ("category", "result"),
    [
        ("refugee", "DUE 20000"),
        ("family_refugee", "DUE 20000"),
        ("family_other", "REVIEW PERSON_SCOPE"),
        ("student", "REFUSED PERSON_NOT_COVERED"),
    ],
)
def test_the_category_opens_the_ordinary_scheme(category: str, result: str) -> None:
    assessment = assessed(person(category=category), sector(), job())
    assert outcome(assessment) == result


@pytest.mark.parametrize(
    ("start", "result"),
    [("2023-12-31", "REFUSED PERSON_NOT_COVERED"), ("2024-01-01", "DUE 20000")],
)
def test_other_family_is_covered_by_courses_from_2024(start: str, result: str) -> None:
    told = trainee(category="family_other", permit="2020-05-01", resident_since="2020-05-01")
    assessment = assessed(told, sector(), course(start), as_of="2024-07-01")
    assert outcome(assessment, scheme="igu") == result


@pytest.mark.parametrize(
    ("start", "result"),
    [
        ("2016-06-30", "REFUSED OUTSIDE_WINDOW"),
        ("2016-07-01", "DUE 20000"),
        ("2027-12-31", "DUE 20000"),
        ("2028-01-01", "REFUSED OUTSIDE_WINDOW"),
    ],
)
def test_courses_start_from_july_2016_to_the_end_of_2027(start: str, result: str) -> None:
    told = trainee(resident_since="2016-06-30")
    seen = {"as_of": "2030-01-01", "known_on": "2030-01-01"}
    assert outcome(assessed(told, sector(), course(start), **seen), scheme="igu") == result


@pytest.mark.parametrize(
    ("born", "start", "result"),
    [
        ("1999-09-02", "2017-09-01", "REFUSED IGU_AGE"),
        ("1999-09-01", "2017-09-01", "DUE 20000"),
        ("1977-09-02", "2017-09-01", "DUE 20000"),
        ("1977-09-01", "2017-09-01", "REFUSED IGU_AGE"),
        ("1983-12-31", "2023-12-31", "REFUSED IGU_AGE"),
        ("1974-01-02", "2024-01-01", "DUE 20000"),
        ("1974-01-01", "2024-01-01", "REFUSED IGU_AGE"),
    ],
)
def test_a_trainee_is_of_age_and_below_40_or_from_2024_below_50(
    born: str, start: str, result: str
) -> None:
    told = trainee(born_on=born, resident_since="2017-01-01")
    assert outcome(assessed(told, sector(), course(start)), scheme="igu") == result


@pytest.mark.parametrize(
    ("since", "start", "result"),
    [
        ("2012-09-01", "2017-08-31", "DUE 20000"),
        ("2012-09-01", "2017-09-01", "REFUSED IGU_RESIDENCE_TOO_LONG"),
        ("2016-05-01", "2021-04-30", "DUE 20000"),
        ("2016-04-30", "2021-04-30", "REFUSED IGU_RESIDENCE_TOO_LONG"),
        ("2011-05-02", "2021-05-01", "DUE 20000"),
        ("2011-05-01", "2021-05-01", "REFUSED IGU_RESIDENCE_TOO_LONG"),
        ("2013-12-31", "2023-12-31", "REFUSED IGU_RESIDENCE_TOO_LONG"),
        ("2004-01-01", "2024-01-01", "DUE 20000"),
        ("2003-12-31", "2024-01-01", "REFUSED IGU_RESIDENCE_TOO_LONG"),
    ],
)
def test_a_trainee_is_resident_below_5_then_10_then_up_to_20_years(
    since: str, start: str, result: str
) -> None:
    told = trainee(born_on="1995-01-01", resident_since=since)
    assert outcome(assessed(told, sector(), course(start)), scheme="igu") == result


def test_a_course_has_no_steps_by_the_age_of_the_permit() -> None:
    told = trainee(permit="2012-01-01")
    assessment = assessed(told, sector(), course("2016-09-01"))
    assert outcome(assessment, "M24", "igu") == "DUE 20000"


@pytest.mark.parametrize("absent", ["born_on", "resident_since"])
def test_a_trainee_whose_dates_are_unknown_needs_a_caseworker(absent: str) -> None:
    told = trainee(**{absent: None})
    assert outcome(assessed(told, sector(), course()), scheme="igu") == "REVIEW PERSON_SCOPE"
    accepted = decided("PERSON_SCOPE", "accepted", scheme="igu")
    assert outcome(assessed(told, sector(), course(), accepted), scheme="igu") == "DUE 20000"


def test_an_ordinary_job_asks_for_neither_birth_nor_residence() -> None:
    assert outcome(assessed(person(), sector(), job())) == "DUE 20000"


def test_nobody_can_accept_a_price_that_hangs_on_an_unknown_permit() -> None:
    told = corrected_person(category="refugee")
    accepted = decided("PERSON_SCOPE", "accepted")
    assessment = assessed(told, sector(), job(), accepted)
    assert outcome(assessment) == "REVIEW PERSON_SCOPE"
    assert line(assessment).price is None
    refused = decided("PERSON_SCOPE", "refused")
    assert outcome(assessed(told, sector(), job(), refused)) == "REFUSED REVIEW_REFUSED"


def test_a_course_with_an_unknown_permit_can_be_accepted() -> None:
    told = corrected_person(category="refugee", born_on="1990-01-01", resident_since="2016-01-01")
    accepted = decided("PERSON_SCOPE", "accepted", scheme="igu")
    assert outcome(assessed(told, sector(), course(), accepted), scheme="igu") == "DUE 20000"


def test_a_person_nothing_is_known_of_needs_a_caseworker() -> None:
    assert outcome(assessed(sector(), job())) == "REVIEW PERSON_SCOPE"


def test_all_failing_tests_are_kept_and_the_first_is_the_reason() -> None:
    told = person("2020-01-01", category="student")
    found = line(assessed(told, sector(of="public_authority"), job("2019-07-01")))
    failed = [check.code.value for check in found.checks if check.verdict == "failed"]
    assert failed == [
        "EMPLOYER_PUBLIC",
        "PERSON_NOT_COVERED",
        "HIRED_BEFORE_PERMIT",
        "OUTSIDE_WINDOW",
    ]
    assert found.reason == "EMPLOYER_PUBLIC"
    assert (found.rule, found.law) == ("S1", "integrationsloven § 46, stk. 6")
