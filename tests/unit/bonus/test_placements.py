"""Several ids may be one placement; its start, end and annulment are as last told."""

from __future__ import annotations

import pytest

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    applied,
    assessed,
    confirmed,
    ended,
    job,
    line,
    outcome,
    paid,
    person,
    sector,
    started,
    tell,
)

BASE = [person(), sector()]


def annulled(reason: str = "mistake", placement: str = "L1", on: str = "2017-05-01") -> Fact:
    return tell("PlacementAnnulled", placement=placement, reason=reason, on=on)


def reinstated(placement: str = "L1", on: str = "2017-05-02") -> Fact:
    return tell("PlacementReinstated", placement=placement, on=on)


def corrected(day: str, placement: str = "L1", on: str = "2016-10-01") -> Fact:
    return tell("PlacementCorrected", placement=placement, started_on=day, on=on)


def retracted(placement: str = "L1", on: str = "2016-12-02") -> Fact:
    return tell("PlacementEndRetracted", placement=placement, on=on)


def test_two_ids_with_the_same_employer_kind_and_start_are_one_placement() -> None:
    told = [
        started("2016-09-01", placement="municipality/1"),
        started("2016-09-01", placement="company/7"),
        confirmed("2016-09-01", "2017-02-28", "900", placement="company/7"),
        applied("M6", placement="municipality/1"),
    ]
    found = line(assessed(BASE, told))
    assert (found.status, found.placements) == ("DUE", ("company/7", "municipality/1"))


@pytest.mark.parametrize(
    "other",
    [
        started("2016-09-02", placement="L2"),
        started("2016-09-01", placement="L2", employer=BETA),
        started("2016-09-01", placement="L2", kind="igu"),
    ],
)
def test_another_start_employer_or_kind_is_another_placement(other: Fact) -> None:
    told = [started("2016-09-01"), ended("2016-09-30"), other]
    # The end is told of the first id alone: if the second were the same, it would be ended too.
    assessment = assessed(BASE, sector(BETA), told)
    assert {each.status for each in assessment.instalments} != {"REFUSED"}


def test_ids_are_one_by_way_of_a_third_and_of_a_correction() -> None:
    told = [
        started("2016-09-01", placement="L1"),
        started("2016-09-03", placement="L2"),
        corrected("2016-09-01", placement="L3"),
        started("2016-09-03", placement="L3", on="2016-10-02"),
    ]
    found = line(assessed(BASE, told))
    assert found.placements == ("L1", "L2", "L3")
    assert found.start.isoformat() == "2016-09-01"


def test_a_correction_counts_with_every_employer_ever_reported_for_its_id() -> None:
    told = [
        started("2016-08-01", placement="L1", on="2016-09-01"),
        started("2016-08-01", placement="L1", employer=BETA, on="2016-09-02"),
        corrected("2016-09-01", placement="L1"),
        started("2016-09-01", placement="L2", on="2016-09-03"),
    ]
    assert line(assessed(BASE, told)).placements == ("L1", "L2")


def test_employer_and_kind_are_as_last_reported() -> None:
    told = [
        started("2016-09-01", employer=BETA, on="2016-09-01"),
        started("2016-09-01", employer=ALFA, on="2016-09-02"),
    ]
    assert {each.employer for each in assessed(BASE, told).instalments} == {ALFA}


def test_a_correction_of_the_start_outranks_a_report_recorded_later() -> None:
    told = [corrected("2016-10-15"), started("2016-09-01", on="2016-12-01")]
    assert line(assessed(BASE, told)).start.isoformat() == "2016-10-15"


def test_the_contract_date_comes_from_the_last_report_that_carries_it() -> None:
    told = [
        started("2019-07-01", contract_signed_on="2019-06-28", on="2019-07-01"),
        started("2019-07-01", on="2019-07-02"),
    ]
    flags = assessed(BASE, told).flags
    assert flags == ("REVIEW_CONTRACT_BEFORE_WINDOW_END",)
    anew = started("2019-07-01", contract_signed_on="2019-07-01", on="2019-07-03")
    assert assessed(BASE, told, anew).flags == ()


def test_a_fact_about_an_unknown_placement_has_no_effect_yet() -> None:
    told = [ended("2017-12-31"), annulled(), corrected("2016-09-01"), paid(20000), applied("M6")]
    assessment = assessed(BASE, told)
    assert (assessment.instalments, assessment.repayment_claims) == ((), ())


def test_the_end_recorded_last_counts() -> None:
    told = [*job(), ended("2017-10-31", on="2016-12-02"), ended("2016-12-01", on="2016-12-01")]
    assert outcome(assessed(BASE, told)) == "DUE 20000"
    earlier = ended("2016-12-01", on="2016-12-03")
    assert outcome(assessed(BASE, told, earlier)) == "REFUSED ENDED_BEFORE_MILESTONE"


def test_after_a_retraction_no_end_is_known() -> None:
    told = [*job(), ended("2016-11-30", on="2016-12-01"), retracted()]
    assert outcome(assessed(BASE, told), "M12") == "DUE 20000"
    again = ended("2016-11-30", on="2016-12-03")
    assert outcome(assessed(BASE, told, again), "M12") == "REFUSED ENDED_BEFORE_MILESTONE"


def test_never_showed_up_annuls_until_another_end_or_a_retraction() -> None:
    told = [*job(), ended("2016-09-01", "never_showed_up", on="2016-12-01")]
    assert outcome(assessed(BASE, told)) == "REFUSED ANNULLED"
    assert outcome(assessed(BASE, told, reinstated())) == "REFUSED ANNULLED"
    assert outcome(assessed(BASE, told, retracted())) == "DUE 20000"
    other = ended("2017-12-31", on="2016-12-05")
    assert outcome(assessed(BASE, told, other)) == "DUE 20000"


def test_annulment_and_reinstatement_count_as_last_recorded() -> None:
    told = [*job(), annulled()]
    assert outcome(assessed(BASE, told)) == "REFUSED ANNULLED"
    assert outcome(assessed(BASE, told, reinstated())) == "DUE 20000"
    before = reinstated(on="2017-04-30")
    assert outcome(assessed(BASE, told, before)) == "REFUSED ANNULLED"


def test_a_later_report_never_undoes_an_annulment() -> None:
    told = [*job(), annulled(), started("2016-09-01", on="2017-06-01")]
    assert outcome(assessed(BASE, told)) == "REFUSED ANNULLED"


def test_a_duplicate_annulment_speaks_of_its_own_id_alone() -> None:
    told = [*job(), *job(placement="L2"), annulled("duplicate", "L2")]
    assert outcome(assessed(BASE, told)) == "DUE 20000"
    both = annulled("duplicate", "L1", on="2017-06-01")
    assert outcome(assessed(BASE, told, both)) == "REFUSED ANNULLED"
    undone = reinstated("L1", on="2017-06-02")
    assert outcome(assessed(BASE, told, both, undone)) == "DUE 20000"


def test_the_only_id_annulled_as_a_duplicate_is_annulled() -> None:
    assert outcome(assessed(BASE, job(), annulled("duplicate"))) == "REFUSED ANNULLED"


def test_a_reinstatement_of_another_id_undoes_an_annulment_but_no_duplicate() -> None:
    two = [*job(), started("2016-09-01", placement="L2")]
    undone = reinstated("L2")
    assert outcome(assessed(BASE, two, annulled(), undone)) == "DUE 20000"
    duplicates = [annulled("duplicate"), annulled("duplicate", "L2"), undone]
    assert outcome(assessed(BASE, two, duplicates)) == "DUE 20000"
    alone = [*job(), annulled("duplicate"), undone]
    assert outcome(assessed(BASE, alone)) == "REFUSED ANNULLED"


def test_a_placement_whose_last_day_precedes_its_start_is_no_bad_input() -> None:
    assessment = assessed(BASE, job(), ended("2016-08-01"))
    assert outcome(assessment) == "REFUSED ENDED_BEFORE_MILESTONE"


def test_kinds_without_a_bonus_give_no_line() -> None:
    told = [started("2016-09-01", kind="internship"), applied("M6"), paid(20000)]
    assessment = assessed(BASE, told)
    assert (assessment.instalments, assessment.repayment_claims) == ((), ())
