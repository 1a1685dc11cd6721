"""Flags block nothing; annulled placements don't count."""

from __future__ import annotations

import pytest

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    assessed,
    ended,
    person,
    sector,
    started,
    tell,
    trainee,
)

BASE = [trainee(), sector(), sector(BETA)]
ANNULLED = tell("PlacementAnnulled", placement="L2", reason="mistake")


def flags(*told: Fact) -> tuple[str, ...]:
    return assessed(BASE, list(told)).flags


@pytest.mark.parametrize(
    ("start", "raised"), [("2016-12-31", ("OVERLAPPING_EMPLOYERS",)), ("2017-01-01", ())]
)
def test_two_employers_share_a_day(start: str, raised: tuple[str, ...]) -> None:
    first = [started("2016-09-01"), ended("2016-12-31")]
    assert flags(*first, started(start, "L2", BETA)) == raised
    assert flags(*first, started(start, "L2", BETA), ANNULLED) == ()


def test_a_running_placement_shares_all_days_to_come_and_an_empty_one_none() -> None:
    assert flags(started("2016-09-01"), started("2017-05-01", "L2", BETA)) == (
        "OVERLAPPING_EMPLOYERS",
    )
    empty = ended("2016-08-31")
    assert flags(started("2016-09-01"), empty, started("2016-08-01", "L2", BETA)) == ()


def test_other_kinds_may_overlap() -> None:
    assert flags(started("2016-09-01"), started("2016-09-01", "L2", BETA, "internship")) == ()


@pytest.mark.parametrize(
    ("start", "raised"), [("2016-12-31", ("OVERLAPPING_SCHEMES",)), ("2017-01-01", ())]
)
def test_both_schemes_at_one_employer_share_a_day(start: str, raised: tuple[str, ...]) -> None:
    course = [started("2016-09-01", kind="igu", on="2016-09-01"), ended("2016-12-31")]
    assert flags(*course, started(start, "L2", ALFA)) == raised


def test_one_scheme_at_one_employer_and_both_at_two_are_no_overlap_of_schemes() -> None:
    assert flags(started("2016-09-01"), started("2016-10-01", "L2")) == ()
    course = started("2016-09-01", "L2", BETA, "igu", on="2016-09-01")
    assert flags(started("2016-09-01"), course) == ("OVERLAPPING_EMPLOYERS",)


@pytest.mark.parametrize(
    ("start", "signed", "raised"),
    [
        ("2019-07-01", "2019-06-30", True),
        ("2019-07-01", "2019-07-01", False),
        ("2019-07-01", None, False),
        ("2019-06-30", "2019-06-30", False),
    ],
)
def test_a_contract_was_signed_before_the_window_closed(
    start: str,
    signed: str | None,
    raised: bool,  # noqa: FBT001  # an expected value
) -> None:
    told = started(start, contract_signed_on=signed)
    assert (flags(told) == ("REVIEW_CONTRACT_BEFORE_WINDOW_END",)) is raised
    course = started(start, kind="igu", contract_signed_on=signed)
    assert "REVIEW_CONTRACT_BEFORE_WINDOW_END" not in flags(course)


def test_a_person_has_a_second_course() -> None:
    told = [
        started("2016-09-01", kind="igu"),
        ended("2017-01-31"),
        started("2017-06-01", "L2", BETA, "igu"),
    ]
    assert flags(*told) == ("REVIEW_SECOND_IGU_AGREEMENT",)
    assert flags(*told, ANNULLED) == ()


@pytest.mark.parametrize(
    ("again", "raised"),
    [("2017-05-01", ()), ("2017-05-02", ("REVIEW_IGU_GAP_OVER_3_MONTHS",))],
)
def test_a_gap_inside_a_course_is_longer_than_three_months(
    again: str, raised: tuple[str, ...]
) -> None:
    told = [
        started("2016-09-01", kind="igu"),
        ended("2017-01-31", "company_closed"),
        started(again, "L2", BETA, "igu", continues="L1"),
    ]
    assert flags(*told) == raised


@pytest.mark.parametrize(
    ("signed", "on", "raised"),
    [
        (None, "2016-10-01", False),
        (None, "2016-10-02", True),
        ("2016-07-31", "2016-08-31", False),
        ("2016-07-31", "2016-09-01", True),
    ],
)
def test_a_course_is_registered_within_a_month_of_the_agreement(
    signed: str | None,
    on: str,
    raised: bool,  # noqa: FBT001  # an expected value
) -> None:
    told = started("2016-09-01", kind="igu", contract_signed_on=signed, on=on)
    assert (flags(told) == ("LATE_IGU_REGISTRATION",)) is raised
    assert flags(started("2016-09-01", contract_signed_on=signed, on=on)) == ()


def test_a_course_first_registered_under_any_of_its_ids_counts() -> None:
    told = [
        started("2016-09-01", kind="igu", on="2016-12-01"),
        started("2016-09-01", "other", kind="igu", on="2016-09-15"),
    ]
    assert flags(*told) == ()


def test_flags_are_sorted_and_stand_once() -> None:
    told = [
        started("2016-09-01", kind="igu", on="2017-01-01"),
        started("2016-10-01", "L2"),
        started("2016-10-01", "L3", BETA),
        started("2016-11-01", "L4", BETA),
    ]
    assert assessed(person(), told).flags == (
        "LATE_IGU_REGISTRATION",
        "OVERLAPPING_EMPLOYERS",
        "OVERLAPPING_SCHEMES",
    )
