"""Leaving out what the door calls a duplicate changes nothing for those who hear the rest.

The judge is the bonus engine: over all facts told, and over those published, it must say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.bonus.assess import as_object, assess_case
from services.bonus.domain.parsing import parse_case
from services.placements.domain import senders
from services.placements.domain.door import Known, KnownPerson, decide
from services.placements.domain.persons import PersonFields
from services.placements.domain.reports import Duplicate
from services.placements.handlers.reading import read_report

PERSON = "00000000-0000-4000-8000-000000000001"
EMPLOYERS = ("99000007", "99000015")
FIRST_DAY = date(2017, 3, 1)
NOW = datetime(2017, 3, 1, tzinfo=UTC)
PERMIT = {"category": "refugee", "permit_granted_on": "2016-03-01"}

Fact = dict[str, Any]


def about_a_placement(fact: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Fact]:
    return st.fixed_dictionaries(
        {"fact": st.just(fact), "placement": st.sampled_from("12"), **fields}
    )


def one_of(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


PERIODS = (("2017-01-01", "2017-06-30"), ("2017-05-01", "2017-09-30"), ("2017-10-01", "2017-10-31"))
TOLD = st.one_of(
    about_a_placement(
        "PlacementStarted",
        person=st.just(PERSON),
        employer=st.sampled_from(EMPLOYERS),
        kind=st.just("ordinary"),
        started_on=one_of("2017-01-01", "2017-02-01"),
    ),
    about_a_placement("PlacementCorrected", started_on=one_of("2017-01-01", "2017-02-01")),
    about_a_placement(
        "PlacementEnded",
        last_day=one_of("2017-04-30", "2017-09-30"),
        reason=one_of("resigned", "never_showed_up", "business_transfer"),
    ),
    about_a_placement("PlacementEndRetracted"),
    about_a_placement("PlacementAnnulled", reason=one_of("duplicate", "mistake")),
    about_a_placement("PlacementReinstated"),
    st.builds(
        lambda fact, period: {**fact, "first_day": period[0], "last_day": period[1]},
        about_a_placement("EmploymentConfirmed", hours=one_of("300", "700")),
        st.sampled_from(PERIODS),
    ),
    st.fixed_dictionaries(
        {
            "fact": st.just("PersonCorrected"),
            "person": st.just(PERSON),
            "permit_granted_on": one_of("2016-03-01", "2015-01-01"),
        }
    ),
)


def started(placement: str) -> Fact:
    return {
        "fact": "PlacementStarted",
        "placement": placement,
        "person": PERSON,
        "employer": EMPLOYERS[0],
        "kind": "ordinary",
        "started_on": "2017-01-01" if placement == "1" else "2017-02-01",
    }


def known_before() -> list[Fact]:
    return [
        {"fact": "PersonRegistered", "person": PERSON, **PERMIT},
        *(
            {
                "fact": "EmployerSectorReported",
                "employer": employer,
                "effective_from": "2015-01-01",
                "sector": "private",
            }
            for employer in EMPLOYERS
        ),
        {"fact": "BonusApplied", "placement": "1", "milestone": "M6", "filed_on": "2017-09-01"},
        {
            "fact": "PayoutSettled",
            "placement": "1",
            "milestone": "M6",
            "amount_dkk": 20_000,
            "settled_on": "2017-02-28",
        },
    ]


def assessed(told: Sequence[Fact], left_out: set[int]) -> Mapping[str, object]:
    """What the engine says of facts told day after day, some of them left out."""
    facts = [{**fact, "recorded_on": "2017-02-28"} for fact in known_before()]
    for day, fact in enumerate(told):
        if day not in left_out:
            facts.append({**fact, "recorded_on": (FIRST_DAY + timedelta(days=day)).isoformat()})
    case = parse_case({"as_of": "2018-06-30", "known_on": "2018-06-30", "facts": facts})
    return as_object(assess_case(case))


def duplicates_in(told: Sequence[Fact]) -> set[int]:
    """Which of the facts the door calls duplicates."""
    sender = senders.municipality("0101")
    reports = [
        read_report({**fact, "report_id": str(number)}, sender).told
        for number, fact in enumerate(told)
    ]
    person = KnownPerson(NOW, PersonFields("refugee", date(2016, 3, 1)))
    decided = decide(reports, Known({}, {}, {}, {PERSON: person}, {}), NOW)
    return {
        number for number, outcome in enumerate(decided.outcomes) if isinstance(outcome, Duplicate)
    }


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TOLD, min_size=2, max_size=12))
def test_what_is_called_a_duplicate_is_none_the_engine_would_miss(told: list[Fact]) -> None:
    told = [started("1"), started("2"), *told]
    left_out = duplicates_in(told)
    assert assessed(told, left_out) == assessed(told, set())


def test_a_file_sent_twice_is_all_duplicates_for_somebody_with_one_placement() -> None:
    file: list[Fact] = [
        started("1"),
        *(
            {
                "fact": "EmploymentConfirmed",
                "placement": "1",
                "first_day": first_day,
                "last_day": last_day,
                "hours": "300",
            }
            for first_day, last_day in (PERIODS[0], PERIODS[2])
        ),
        {"fact": "PlacementEnded", "placement": "1", "last_day": "2017-10-31", "reason": "mutual"},
    ]
    assert duplicates_in([*file, *file]) == {4, 5, 6, 7}
