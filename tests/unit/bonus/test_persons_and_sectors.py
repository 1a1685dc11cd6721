"""Which of several facts about a person or a sector counts."""

from __future__ import annotations

import pytest

from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    assessed,
    corrected_person,
    decided,
    job,
    outcome,
    person,
    sector,
)


def test_a_correction_outranks_a_later_registration() -> None:
    early = corrected_person(permit_granted_on="2015-09-01", on="2016-02-01")
    assessment = assessed(person("2016-03-10", on="2016-05-01"), early, sector(), job())
    assert outcome(assessment) == "DUE 20000"
    late_permit = corrected_person(permit_granted_on="2015-08-31", on="2016-02-01")
    assessment = assessed(person("2016-03-10", on="2016-05-01"), late_permit, sector(), job())
    assert outcome(assessment) == "DUE 15000"


def test_the_last_recorded_correction_of_a_field_counts() -> None:
    told = [
        corrected_person(permit_granted_on="2014-01-01", on="2016-04-02"),
        corrected_person(permit_granted_on="2016-03-10", on="2016-04-03"),
        corrected_person(category="refugee", on="2016-04-04"),
    ]
    assert outcome(assessed(person("2010-01-01"), told, sector(), job())) == "DUE 20000"


def test_a_new_registration_replaces_only_what_it_carries() -> None:
    told = [
        person("2016-03-10", on="2016-04-01", born_on="1990-01-01"),
        person("2015-08-31", on="2016-04-02"),
    ]
    assert outcome(assessed(told, sector(), job())) == "DUE 15000"


def test_the_instant_decides_between_corrections_of_one_day() -> None:
    told = [
        corrected_person(permit_granted_on="2010-01-01", on="2016-05-02"),
        corrected_person(
            permit_granted_on="2016-03-10", on="2016-05-02", at="2016-05-02T09:00:00Z"
        ),
        corrected_person(
            permit_granted_on="2019-01-01", on="2016-05-02", at="2016-05-01T22:30:00Z"
        ),
    ]
    assert outcome(assessed(person("2010-01-01"), told, sector(), job())) == "DUE 20000"


@pytest.mark.parametrize(
    ("known_on", "result"), [("2016-05-01", "DUE 15000"), ("2016-05-02", "DUE 20000")]
)
def test_a_fact_is_known_on_the_day_it_was_recorded(known_on: str, result: str) -> None:
    told = [person("2015-01-10"), corrected_person(permit_granted_on="2016-03-10", on="2016-05-02")]
    assert outcome(assessed(told, sector(), job(), known_on=known_on)) == result


def test_only_where_all_else_is_equal_the_text_decides() -> None:
    permits = ("2016-03-10", "2015-03-10", "2015-04-10", "2015-05-10", "2015-06-10", "2015-07-10")
    told = [corrected_person(permit_granted_on=permit, on="2016-05-02") for permit in permits]
    for in_order in (told, told[::-1]):
        assessment = assessed(in_order, corrected_person(category="refugee"), sector(), job())
        assert outcome(assessment) == "DUE 20000"


@pytest.mark.parametrize(
    ("of", "percent", "result"),
    [
        ("private", None, "DUE 20000"),
        ("private", "49.99", "DUE 20000"),
        ("private", "50", "REFUSED EMPLOYER_PUBLIC"),
        ("institution", "49.99", "DUE 20000"),
        ("institution", "50.00", "REFUSED EMPLOYER_PUBLIC"),
        ("institution", None, "REVIEW SECTOR_UNKNOWN"),
        ("public_authority", None, "REFUSED EMPLOYER_PUBLIC"),
        ("public_authority", "0", "REFUSED EMPLOYER_PUBLIC"),
        ("cooperative", "10", "REVIEW SECTOR_UNKNOWN"),
    ],
)
def test_an_employer_is_public_by_kind_or_from_half_public_funding(
    of: str, percent: str | None, result: str
) -> None:
    assert outcome(assessed(person(), sector(of=of, percent=percent), job())) == result


@pytest.mark.parametrize(
    ("since", "result"),
    [("2017-03-01", "REFUSED EMPLOYER_PUBLIC"), ("2017-03-02", "DUE 20000")],
)
def test_the_sector_is_that_of_the_milestones_date(since: str, result: str) -> None:
    told = [sector(), sector(of="public_authority", since=since)]
    assert outcome(assessed(person(), told, job())) == result


def test_a_report_of_an_earlier_day_told_later_does_not_replace_a_later_one() -> None:
    told = [
        sector(of="public_authority", since="2016-01-01", on="2016-02-01"),
        sector(since="2015-01-01", on="2016-03-01"),
    ]
    assert outcome(assessed(person(), told, job())) == "REFUSED EMPLOYER_PUBLIC"


def test_of_reports_for_the_same_day_the_last_recorded_counts() -> None:
    told = [sector(of="public_authority", on="2016-02-02"), sector(on="2016-02-03")]
    assert outcome(assessed(person(), told, job())) == "DUE 20000"
    told = [sector(of="public_authority", on="2016-02-04"), sector(on="2016-02-03")]
    assert outcome(assessed(person(), told, job())) == "REFUSED EMPLOYER_PUBLIC"


def test_without_a_report_valid_on_the_day_the_sector_is_unknown() -> None:
    told = [sector(BETA), sector(ALFA, since="2017-03-02")]
    assert outcome(assessed(person(), told, job())) == "REVIEW SECTOR_UNKNOWN"


@pytest.mark.parametrize(
    ("decision", "result"),
    [("accepted", "DUE 20000"), ("refused", "REFUSED REVIEW_REFUSED")],
)
def test_a_caseworker_decides_about_an_unknown_sector(decision: str, result: str) -> None:
    told = decided("SECTOR_UNKNOWN", decision)
    assert outcome(assessed(person(), job(), told)) == result
    assert outcome(assessed(person(), job(), told), "M12") == "REVIEW SECTOR_UNKNOWN"


def test_the_last_recorded_decision_counts() -> None:
    told = [
        decided("SECTOR_UNKNOWN", "refused", on="2017-05-02"),
        decided("SECTOR_UNKNOWN", "accepted", on="2017-05-01"),
    ]
    assert outcome(assessed(person(), job(), told)) == "REFUSED REVIEW_REFUSED"


def test_a_decision_whose_reason_is_not_raised_has_no_effect() -> None:
    told = decided("SECTOR_UNKNOWN", "refused")
    assert outcome(assessed(person(), sector(), job(), told)) == "DUE 20000"


def test_each_of_several_reasons_needs_its_own_decision() -> None:
    told = [person(category="family_other"), *job()]
    assert outcome(assessed(told)) == "REVIEW PERSON_SCOPE"
    scope = decided("PERSON_SCOPE", "accepted")
    assert outcome(assessed(told, scope)) == "REVIEW SECTOR_UNKNOWN"
    both = [scope, decided("SECTOR_UNKNOWN", "accepted")]
    assert outcome(assessed(told, both)) == "DUE 20000"
    one_refused = [scope, decided("SECTOR_UNKNOWN", "refused")]
    assert outcome(assessed(told, one_refused)) == "REFUSED REVIEW_REFUSED"
