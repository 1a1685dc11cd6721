"""Hours are exact averages over the days from the start to the milestone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.bonus.domain.facts import Fact
from services.bonus.domain.hours import exact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    applied,
    assessed,
    confirmed,
    ended,
    line,
    outcome,
    person,
    sector,
    started,
)

BASE = [person("2016-12-01"), sector(), started("2017-01-01"), applied("M6"), applied("M12")]
# 1 January to 30 June 2017 is 181 days, the whole year 365.


@pytest.mark.parametrize(
    ("hours", "result"),
    [
        ("491.285714", "REFUSED HOURS_NOT_OVER_19"),
        ("491.285715", "DUE 20000"),
    ],
)
def test_the_average_over_six_months_is_above_19(hours: str, result: str) -> None:
    assert outcome(assessed(BASE, confirmed("2017-01-01", "2017-06-30", hours))) == result


@pytest.mark.parametrize(
    ("hours", "result"),
    [("494", "REFUSED HOURS_NOT_OVER_19"), ("494.000001", "DUE 20000")],
)
def test_exactly_19_hours_of_26_weeks_is_not_over_19(hours: str, result: str) -> None:
    # 30 August 2017 to 27 February 2018 is 182 days.
    told = [person("2016-12-01"), sector(), started("2017-08-30"), applied("M6")]
    assert outcome(assessed(told, confirmed("2017-08-30", "2018-02-27", hours))) == result


def test_the_milestones_are_tested_apart() -> None:
    told = [
        confirmed("2017-01-01", "2017-06-30", "400"),
        confirmed("2017-07-01", "2017-12-31", "700"),
    ]
    assessment = assessed(BASE, told)
    assert outcome(assessment, "M6") == "REFUSED HOURS_NOT_OVER_19"
    assert outcome(assessment, "M12") == "DUE 20000"


def test_a_confirmation_across_the_milestone_is_spread_over_its_days() -> None:
    # 362 days with 1448 hours are 4 a day: 724 hours on the 181 days before the milestone.
    told = confirmed("2017-01-01", "2017-12-28", "1448")
    found = line(assessed(BASE, told))
    (test,) = [check for check in found.checks if check.code == "HOURS_NOT_OVER_19"]
    assert test.arithmetic == "724 h x 7 / 181 days = 28 > 19"


def test_one_day_unconfirmed_leaves_the_confirmation_missing() -> None:
    told = [
        confirmed("2017-01-01", "2017-03-31", "500"),
        confirmed("2017-04-02", "2017-06-30", "500"),
    ]
    found = line(assessed(BASE, told))
    assert (found.status, found.missing) == ("AWAITING", ("confirmation",))


@pytest.mark.parametrize("hours", ["0", "100000"])
def test_hours_of_a_part_decide_nothing(hours: str) -> None:
    told = confirmed("2017-01-01", "2017-06-29", hours)
    assert outcome(assessed(BASE, told)) == "AWAITING 20000"


def test_the_last_recorded_confirmation_counts_on_a_shared_day() -> None:
    whole = confirmed("2017-01-01", "2017-06-30", "362", on="2017-07-01")
    # 181 days of 2 hours; the middle 91 days are told anew with 4 hours: 180 + 364 = 544.
    anew = confirmed("2017-02-01", "2017-05-02", "364", on="2017-07-02")
    assert outcome(assessed(BASE, whole)) == "REFUSED HOURS_NOT_OVER_19"
    found = line(assessed(BASE, whole, anew))
    (test,) = [check for check in found.checks if check.code == "HOURS_NOT_OVER_19"]
    assert test.arithmetic.startswith("544 h x 7 / 181 days = ")
    before = confirmed("2017-02-01", "2017-05-02", "364", on="2017-06-30")
    assert outcome(assessed(BASE, whole, before)) == "REFUSED HOURS_NOT_OVER_19"


def test_hours_count_only_on_days_of_their_placement() -> None:
    told = [
        ended("2017-06-30"),
        # 20 days of 20 hours before the start are told with them: 400 of 4020 hours fall away.
        confirmed("2016-12-12", "2017-06-30", "4020"),
    ]
    found = line(assessed(BASE, told))
    (test,) = [check for check in found.checks if check.code == "HOURS_NOT_OVER_19"]
    assert test.arithmetic.startswith("3620 h x 7 / 181 days = 140 > 19")


def test_hours_after_the_last_day_are_not_counted() -> None:
    told = [
        ended("2017-03-31"),
        # 90 of 100 days lie in the placement: 900 of 1000 hours.
        confirmed("2017-01-01", "2017-04-10", "1000"),
        started("2017-04-01", placement="L2"),
        confirmed("2017-04-01", "2017-06-30", "0", placement="L2"),
    ]
    found = line(assessed(BASE, told))
    (test,) = [check for check in found.checks if check.code == "HOURS_NOT_OVER_19"]
    assert test.arithmetic.startswith("900 h x 7 / 181 days = ")


def test_a_confirmation_that_counts_on_no_day_is_not_named() -> None:
    told = [
        confirmed("2017-01-01", "2017-06-30", "900", on="2017-07-01"),
        confirmed("2017-01-01", "2017-06-30", "800", on="2017-07-02"),
        confirmed("2017-07-01", "2017-07-31", "100", on="2017-08-01"),
    ]
    found = line(assessed(BASE, told))
    (test,) = [check for check in found.checks if check.code == "HOURS_NOT_OVER_19"]
    assert [fact.recorded_on.isoformat() for fact in test.facts] == ["2017-07-02"]


def test_concurrent_placements_of_a_spell_add_up() -> None:
    second = started("2017-01-02", placement="L2")
    told = [
        confirmed("2017-01-01", "2017-06-30", "362"),
        confirmed("2017-01-02", "2017-06-30", "360", placement="L2"),
    ]
    assert outcome(assessed(BASE, second, told[0])) == "REFUSED HOURS_NOT_OVER_19"
    found = line(assessed(BASE, second, told))
    (test,) = [check for check in found.checks if check.code == "HOURS_NOT_OVER_19"]
    assert test.arithmetic.startswith("722 h x 7 / 181 days = ")


def test_hours_at_two_employers_are_never_added() -> None:
    told: list[Fact] = [
        sector(BETA),
        started("2017-01-01", placement="L2", employer=BETA),
        applied("M6", placement="L2"),
        confirmed("2017-01-01", "2017-06-30", "362"),
        confirmed("2017-01-01", "2017-06-30", "362", placement="L2"),
    ]
    assessment = assessed(BASE, told)
    results = [outcome(assessment, employer=employer) for employer in (ALFA, BETA)]
    assert results == ["REFUSED HOURS_NOT_OVER_19"] * 2


def test_hours_are_not_asked_for_before_the_milestone() -> None:
    told = confirmed("2017-01-01", "2017-06-30", "0")
    assert outcome(assessed(BASE, told, as_of="2017-06-30")) == "PENDING 20000"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Fraction(28), "28"),
        (Fraction(0), "0"),
        (Fraction(100), "100"),
        (Fraction("19.0001"), "19.0001"),
        (Fraction("956.70"), "956.7"),
        (Fraction("0.05"), "0.05"),
        (Fraction(133, 7) + Fraction(1, 10**9), "19000000001/1000000000 (about 19.0000)"),
        (Fraction(1, 3), "1/3 (about 0.3333)"),
    ],
)
def test_numbers_are_written_so_that_nothing_is_rounded_away(value: Fraction, written: str) -> None:
    assert exact(value) == written
