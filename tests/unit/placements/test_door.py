from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from services.placements.domain.door import (
    CONFLICT,
    OTHER_PERSON,
    UNKNOWN_PERSON,
    Counted,
    Decided,
    Known,
    KnownPerson,
    decide,
)
from services.placements.domain.persons import PersonFields
from services.placements.domain.reports import (
    Accepted,
    Duplicate,
    Parked,
    Period,
    Refused,
    Repeated,
    Thing,
    Told,
    is_late,
)

NOW = datetime(2017, 3, 1, 9, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ANNA, BO = "anna", "bo"
PERSONS = {
    name: KnownPerson(NOW - timedelta(days=9), PersonFields("refugee", date(2016, 3, 1)))
    for name in (ANNA, BO)
}
NOTHING = Known({}, {}, {}, PERSONS, {})


def started(report_id: str, placement: str = "0101/1", person: str = ANNA) -> Told:
    meaning = f"start {placement} {person}".encode()
    return Told(
        report_id,
        meaning,
        fact="PlacementStarted",
        meaning=meaning,
        placement=placement,
        person=person,
    )


def told(report_id: str, fact: str, text: str = "", placement: str = "0101/1") -> Told:
    meaning = f"{fact} {placement} {text}".encode()
    return Told(report_id, meaning, fact=fact, meaning=meaning, placement=placement)


def confirmed(report_id: str, first_day: date, last_day: date, hours: str = "100") -> Told:
    meaning = f"{first_day} {last_day} {hours}".encode()
    return Told(
        report_id,
        meaning,
        fact="EmploymentConfirmed",
        meaning=meaning,
        placement="0101/1",
        period=Period(first_day, last_day),
    )


def words(decided: Decided) -> list[str]:
    return [type(outcome).__name__ for outcome in decided.outcomes]


def test_a_start_and_what_follows_it_are_accepted_in_order() -> None:
    reports = [started("r-1"), told("r-2", "PlacementEnded", "resigned")]
    decided = decide(reports, NOTHING, NOW)
    assert decided.outcomes == (Accepted(ANNA, NOW), Accepted(ANNA, NOW + TICK))
    assert [report for report, _ in decided.published] == reports
    assert decided.placements == {"0101/1": ANNA}
    assert decided.persons[ANNA].stamp == NOW + TICK


def test_a_persons_instants_increase_also_when_the_clock_stands_or_runs_back() -> None:
    ahead = {ANNA: KnownPerson(NOW + timedelta(hours=2), PersonFields())}
    decided = decide([started("r-1")], Known({}, {}, {}, ahead, {}), NOW)
    assert decided.outcomes == (Accepted(ANNA, NOW + timedelta(hours=2) + TICK),)


def test_what_is_told_before_the_start_waits_and_is_published_after_it() -> None:
    waiting = told("r-0", "PlacementEnded", "resigned")
    known = Known({}, {}, {"0101/1": [waiting]}, PERSONS, {})
    early, start = confirmed("r-1", date(2017, 1, 1), date(2017, 1, 31)), started("r-2")
    decided = decide([early, start], known, NOW)
    assert words(decided) == ["Accepted", "Accepted"]
    assert decided.released == ((waiting, Accepted(ANNA, NOW + TICK)),)
    assert [report for report, _ in decided.published] == [start, waiting, early]


def test_what_waits_alone_goes_on_waiting() -> None:
    decided = decide([told("r-1", "PlacementEnded")], NOTHING, NOW)
    assert decided.outcomes == (Parked(),)
    assert not decided.published
    assert not decided.persons


def test_a_start_told_twice_releases_what_waited_once() -> None:
    waiting = told("r-0", "PlacementEnded", "resigned")
    known = Known({}, {}, {"0101/1": [waiting]}, PERSONS, {})
    other_start = Told(
        "r-2", b"", fact="PlacementStarted", meaning=b"2", placement="0101/1", person=ANNA
    )
    decided = decide([started("r-1"), other_start], known, NOW)
    assert words(decided) == ["Accepted", "Accepted"]
    assert [outcome for _, outcome in decided.released] == [Accepted(ANNA, NOW + TICK)]
    assert len(decided.published) == 3


def test_a_report_told_again_with_the_start_it_waits_for_is_answered_by_what_became_of_it() -> None:
    waiting = told("r-0", "PlacementEnded", "resigned")
    known = Known({"r-0": (waiting.content, Parked())}, {}, {"0101/1": [waiting]}, PERSONS, {})
    again = [told("r-0", "PlacementEnded", "resigned"), started("r-1")]
    first, _ = decide(again, known, NOW).outcomes
    assert first == Repeated(Accepted(ANNA, NOW + TICK))
    new = told("r-2", "PlacementEnded", "resigned")
    reports = [new, told("r-2", "PlacementEnded", "resigned"), started("r-3")]
    assert words(decide(reports, NOTHING, NOW)) == ["Accepted", "Repeated", "Accepted"]


def test_the_same_fact_waiting_twice_counts_once() -> None:
    waiting = [told("r-0", "PlacementEnded", "resigned"), told("r-1", "PlacementEnded", "resigned")]
    known = Known({}, {}, {"0101/1": waiting}, PERSONS, {})
    decided = decide([started("r-2")], known, NOW)
    assert [type(outcome) for _, outcome in decided.released] == [Accepted, Duplicate]


def test_a_report_told_again_has_the_same_outcome_for_ever() -> None:
    first = started("r-1")
    for outcome in (Accepted(ANNA, NOW), Duplicate(), Parked(), UNKNOWN_PERSON):
        known = Known({"r-1": (first.content, outcome)}, {}, {}, PERSONS, {})
        decided = decide([started("r-1")], known, NOW)
        assert decided.outcomes == (Repeated(outcome),)
        assert not decided.published


def test_a_report_id_used_for_something_else_is_refused() -> None:
    decided = decide([started("r-1"), told("r-1", "PlacementEnded"), started("r-1")], NOTHING, NOW)
    assert decided.outcomes == (
        Accepted(ANNA, NOW),
        CONFLICT,
        Repeated(Accepted(ANNA, NOW)),
    )


def test_a_refused_report_told_again_in_the_same_breath_is_refused_again() -> None:
    refusal = Refused("invalid-fact", "last_day: is missing")
    reports = [Told("r-1", b"1", refusal), Told("r-1", b"1", refusal), Told(None, b"2", refusal)]
    decided = decide(reports, NOTHING, NOW)
    assert decided.outcomes == (refusal, Repeated(refusal), refusal)


def test_a_placement_needs_a_person_that_exists_and_stays_hers() -> None:
    reports = [
        started("r-1", person="nobody"),
        started("r-2", person=ANNA),
        started("r-3", person=BO),
        told("r-4", "PlacementAnnulled", "wrong_person"),
    ]
    decided = decide(reports, NOTHING, NOW)
    assert decided.outcomes[0] == UNKNOWN_PERSON
    assert decided.outcomes[2] == OTHER_PERSON
    assert decided.outcomes[3] == Accepted(ANNA, NOW + TICK)


def test_a_start_refused_releases_nothing() -> None:
    decided = decide([told("r-1", "PlacementEnded"), started("r-2", person="nobody")], NOTHING, NOW)
    assert words(decided) == ["Parked", "Refused"]
    assert not decided.placements


def test_a_correction_that_changes_nothing_is_a_duplicate() -> None:
    def corrected(report_id: str, category: str) -> Told:
        told = PersonFields(category=category)
        meaning = category.encode()
        return Told(
            report_id, meaning, fact="PersonCorrected", meaning=meaning, person=ANNA,
            corrections=told,
        )  # fmt: skip

    reports = [
        corrected("r-1", "refugee"),
        corrected("r-2", "family_other"),
        corrected("r-3", "family_other"),
        corrected("r-4", "refugee"),
    ]
    decided = decide(reports, NOTHING, NOW)
    assert words(decided) == ["Duplicate", "Accepted", "Duplicate", "Accepted"]
    assert decided.persons[ANNA].told == PersonFields("refugee", date(2016, 3, 1))


def test_the_same_fact_under_another_report_id_is_a_duplicate() -> None:
    decided = decide([started("r-1"), started("r-2")], NOTHING, NOW)
    assert words(decided) == ["Accepted", "Duplicate"]
    counted = {(ANNA, Thing.START): [Counted(started("r-1").meaning, None)]}
    known = Known({}, {"0101/1": ANNA}, {}, PERSONS, counted)
    assert words(decide([started("r-2")], known, NOW)) == ["Duplicate"]


def test_an_end_told_retracted_and_told_again_is_news() -> None:
    reports = [
        started("r-1"),
        told("r-2", "PlacementEnded", "2017-05-31"),
        told("r-3", "PlacementEndRetracted"),
        told("r-4", "PlacementEnded", "2017-05-31"),
        told("r-5", "PlacementEnded", "2017-05-31"),
    ]
    decided = decide(reports, NOTHING, NOW)
    assert words(decided) == ["Accepted"] * 4 + ["Duplicate"]


def test_a_retraction_under_another_id_of_the_person_makes_the_end_news() -> None:
    reports = [
        started("r-1"),
        started("r-2", placement="0101/2"),
        told("r-3", "PlacementEnded", "2017-05-31"),
        told("r-4", "PlacementEndRetracted", placement="0101/2"),
        told("r-5", "PlacementEnded", "2017-05-31"),
    ]
    assert words(decide(reports, NOTHING, NOW))[-1] == "Accepted"


def test_another_persons_facts_are_no_rivals() -> None:
    reports = [
        started("r-1"),
        started("r-2", placement="0101/2", person=BO),
        told("r-3", "PlacementEnded", "2017-05-31"),
        told("r-4", "PlacementEndRetracted", placement="0101/2"),
        told("r-5", "PlacementEnded", "2017-05-31"),
    ]
    assert words(decide(reports, NOTHING, NOW))[-1] == "Duplicate"


def test_hours_of_other_days_are_no_rivals() -> None:
    january = (date(2017, 1, 1), date(2017, 1, 31))
    february = (date(2017, 2, 1), date(2017, 2, 28))
    new_year = (date(2016, 12, 31), date(2017, 1, 1))
    reports = [
        started("r-1"),
        confirmed("r-2", *january),
        confirmed("r-3", *february),
        confirmed("r-4", *january),
        confirmed("r-5", *new_year),
        confirmed("r-6", *january),
        confirmed("r-7", *february),
    ]
    assert words(decide(reports, NOTHING, NOW))[3:] == [
        "Duplicate",
        "Accepted",
        "Accepted",
        "Duplicate",
    ]


def test_hours_of_one_day_in_common_are_rivals_whichever_comes_first() -> None:
    january = (date(2017, 1, 1), date(2017, 1, 31))
    for other in ((date(2017, 1, 31), date(2017, 2, 9)), (date(2016, 12, 9), date(2017, 1, 1))):
        reports = [
            started("r-1"),
            confirmed("r-2", *january),
            confirmed("r-3", *other),
            confirmed("r-4", *january),
        ]
        assert words(decide(reports, NOTHING, NOW))[-1] == "Accepted"


def test_late_is_more_than_a_month_after_it_was_true() -> None:
    assert not is_late(date(2017, 1, 31), date(2017, 2, 28))
    assert is_late(date(2017, 1, 31), date(2017, 3, 1))
    assert not is_late(None, date(2017, 3, 1))
