"""What only other facts show to be wrong is kept, counts as the rules have it, and is shown."""

from __future__ import annotations

from services.bonus.domain.disclosure import as_told_to_employer
from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    ALFA,
    BETA,
    assessed,
    confirmed,
    corrected_person,
    ended,
    job,
    outcome,
    person,
    sector,
    started,
    tell,
)

BASE = [person(), sector()]


def codes(*told: Fact) -> list[str]:
    return [each.code.value for each in assessed(BASE, list(told)).find_contradictions()]


def leave(first: str, last: str) -> Fact:
    return tell("LeaveRecorded", placement="L1", leave="illness", first_day=first, last_day=last)


def test_facts_that_agree_contradict_nothing() -> None:
    told = [
        started("2016-09-01"),
        confirmed("2016-09-01", "2017-02-28", "600"),
        ended("2017-02-28"),
    ]
    assert (
        codes(*told, leave("2016-09-01", "2017-02-28"), started("2016-09-01", on="2016-02-01"))
        == []
    )


def test_hours_outside_the_placement_are_kept_and_shown() -> None:
    before = confirmed("2016-08-31", "2016-09-30", "100")
    assert codes(started("2016-09-01"), before) == ["HOURS_OUTSIDE_PLACEMENT"]
    after = confirmed("2017-02-01", "2017-03-01", "100")
    assert codes(started("2016-09-01"), ended("2017-02-28"), after) == ["HOURS_OUTSIDE_PLACEMENT"]
    assert codes(started("2016-09-01"), after) == []
    [found] = assessed(BASE, [started("2016-09-01"), before]).find_contradictions()
    assert (found.facts, found.employer, found.kind) == ((before,), ALFA, "ordinary")


def test_leave_outside_the_placement_is_shown() -> None:
    told = started("2016-09-01"), leave("2016-08-01", "2016-09-10")
    assert codes(*told) == ["LEAVE_OUTSIDE_PLACEMENT"]


def test_an_end_before_a_corrected_start_is_kept_has_its_effect_and_is_shown() -> None:
    told = [*job(), ended("2017-05-31")]
    assert "END_BEFORE_START" not in codes(*told)
    moved = tell("PlacementCorrected", placement="L1", started_on="2017-06-01")
    assert "END_BEFORE_START" in codes(*told, moved)
    assert outcome(assessed(BASE, [*told, moved])) == "REFUSED ENDED_BEFORE_MILESTONE"


def test_a_second_registration_with_another_date_counts_and_is_shown() -> None:
    again = person("2014-03-10", on="2016-02-01")
    assert codes(*job(), again) == ["PERSON_TOLD_DIFFERENTLY"]
    assert codes(*job(), person(on="2016-02-01")) == []
    assert codes(*job(), corrected_person("2016-02-01", permit_granted_on="2016-03-11")) == [
        "PERSON_TOLD_DIFFERENTLY"
    ]
    assert outcome(assessed(BASE, [*job(), again])) == "REFUSED PERMIT_OLDER_THAN_2Y"
    [found] = assessed(BASE, [*job(), again]).find_contradictions()
    assert "2014" not in found.says
    assert found.employer is None


def test_a_placement_told_to_start_in_two_ways_is_shown() -> None:
    assert codes(started("2016-09-01"), started("2016-09-02", on="2016-02-01")) == [
        "PLACEMENT_TOLD_DIFFERENTLY"
    ]
    assert codes(started("2016-09-01"), started("2016-09-01", employer=BETA, on="2016-02-01")) == [
        "PLACEMENT_TOLD_DIFFERENTLY"
    ]
    corrected = tell("PlacementCorrected", placement="L1", started_on="2016-09-02")
    assert codes(started("2016-09-01"), corrected) == []


def test_an_annulled_placement_contradicts_nothing() -> None:
    annulled = tell("PlacementAnnulled", placement="L1", reason="mistake")
    assert codes(started("2016-09-01"), leave("2016-08-01", "2016-09-10"), annulled) == []


def test_contradictions_are_no_flags() -> None:
    told = [started("2016-09-01"), leave("2016-08-01", "2016-09-10")]
    assert assessed(BASE, told).flags == ()


def test_a_case_has_those_of_its_employer_and_scheme_and_of_the_person() -> None:
    told = [started("2016-09-01"), leave("2016-08-01", "2016-09-10")]
    assessment = assessed(BASE, [*told, person("2014-03-10", on="2016-02-01")])

    def of_case(employer: str, scheme: str) -> list[str]:
        of_one = assessment.of_case(employer, scheme)
        return [each.code.value for each in of_one.find_contradictions()]

    assert of_case(ALFA, "ordinary") == ["PERSON_TOLD_DIFFERENTLY", "LEAVE_OUTSIDE_PLACEMENT"]
    assert of_case(ALFA, "igu") == of_case(BETA, "ordinary") == ["PERSON_TOLD_DIFFERENTLY"]
    to_alfa = as_told_to_employer(assessment, ALFA).find_contradictions()
    assert [each.code.value for each in to_alfa] == ["LEAVE_OUTSIDE_PLACEMENT"]
    assert as_told_to_employer(assessment, BETA).find_contradictions() == ()
