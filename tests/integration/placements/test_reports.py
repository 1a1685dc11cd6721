from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.integration.placements.door import (
    COMPANY,
    NUMBER,
    OTHER_NUMBER,
    Door,
    ended,
    names,
    retracted,
    started,
)

UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_accepted_facts_are_told_in_order_under_ids_everybody_knows(door: Door) -> None:
    person = await door["copenhagen"].register()
    outcomes = await door["copenhagen"].tell(
        started("r-1", person, continues="6", contract_signed_on="2017-01-15"),
        ended("r-2"),
    )
    assert outcomes == [
        {"report_id": "r-1", "outcome": "accepted"},
        {"report_id": "r-2", "outcome": "accepted"},
    ]
    start, end = await door.published()
    assert start.key == end.key == person
    assert start.content == {
        "placement": "0101/7",
        "person": person,
        "employer": COMPANY,
        "kind": "ordinary",
        "started_on": "2017-02-01",
        "contract_signed_on": "2017-01-15",
        "continues": "0101/6",
    }
    assert end.content == {
        "placement": "0101/7",
        "person": person,
        "last_day": "2017-02-20",
        "reason": "resigned",
    }


async def test_every_fact_of_a_municipality_finds_its_event(door: Door) -> None:
    person = await door["copenhagen"].register()
    period = {"first_day": "2017-02-01", "last_day": "2017-02-20"}
    told: list[tuple[str, dict[str, object]]] = [
        ("PlacementStarted", {}),
        ("PlacementCorrected", {"started_on": "2017-02-02"}),
        ("EmploymentConfirmed", {**period, "hours": "74.5"}),
        ("LeaveRecorded", {**period, "leave": "illness"}),
        ("PlacementExtended", {"days": 30}),
        ("PlacementEnded", {"last_day": "2017-02-20", "reason": "mutual"}),
        ("PlacementEndRetracted", {}),
        ("PlacementAnnulled", {"reason": "wrong_employer"}),
        ("PlacementReinstated", {}),
        (
            "CourseCompleted",
            {
                "certificate_issued_on": "2017-02-20",
                "schooling_documented": True,
                "practice_hours": "100",
            },
        ),
    ]
    facts = [
        {"report_id": name, "fact": name, "placement": "7", **fields} for name, fields in told[1:]
    ]
    assert await door["copenhagen"].words(started("r-0", person), *facts) == ["accepted"] * 10
    assert names(await door.published()) == [name for name, _ in told]


async def test_a_persons_instants_increase_strictly_across_both_topics(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(started("r-1", person), ended("r-2"))
    await door["odense"].register(category="family_other")
    await door["copenhagen"].tell(retracted("r-3"))
    told = await door.published() + await door.published("placements.persons.v1")
    assert len({event.time for event in told}) == len(told) == 5
    assert names(sorted(told, key=lambda event: event.time)) == [
        "PersonRegistered",
        "PlacementStarted",
        "PlacementEnded",
        "PersonCorrected",
        "PlacementEndRetracted",
    ]


async def test_a_report_told_again_is_answered_as_before_and_changes_nothing(door: Door) -> None:
    person = await door["copenhagen"].register()
    bad = {**ended("r-3"), "last_day": "2017-02-30"}
    facts = [started("r-1", person), ended("r-2", placement="later"), bad]
    first = await door["copenhagen"].words(*facts)
    assert first == ["accepted", "parked", "refused: invalid-fact"]
    door.clock.advance_to(door.clock.now() + timedelta(days=400))
    assert await door["copenhagen"].words(*facts) == [
        "duplicate",
        "parked",
        "refused: invalid-fact",
    ]
    assert names(await door.published()) == ["PlacementStarted"]
    assert len(await door.fetch("SELECT FROM placements.report")) == 3


async def test_a_field_that_is_null_is_as_absent(door: Door) -> None:
    person = await door["copenhagen"].register()
    fact = started("r-1", person)
    assert await door["copenhagen"].words(fact, {**fact, "continues": None}) == [
        "accepted",
        "duplicate",
    ]


async def test_a_report_id_names_one_report_per_sender(door: Door) -> None:
    person = await door["copenhagen"].register()
    assert await door["copenhagen"].words(started("r-1", person)) == ["accepted"]
    assert await door["copenhagen"].words(ended("r-1")) == ["refused: report-id-conflict"]
    assert await door["copenhagen"].words(started("r-1", person)) == ["duplicate"]
    assert await door["odense"].words(started("r-1", person)) == ["accepted"]


async def test_a_file_sent_again_under_new_report_ids_changes_nothing(door: Door) -> None:
    person = await door["copenhagen"].register()

    def file(prefix: str) -> list[dict[str, object]]:
        months = [
            {
                "report_id": f"{prefix}-{month}",
                "fact": "EmploymentConfirmed",
                "placement": "7",
                "first_day": f"2016-{month}-01",
                "last_day": f"2016-{month}-28",
                "hours": "100",
            }
            for month in ("10", "11", "12")
        ]
        return [started(f"{prefix}-s", person), *months, ended(f"{prefix}-e")]

    assert await door["copenhagen"].words(*file("a")) == ["accepted"] * 5
    assert await door["copenhagen"].words(*file("b")) == ["duplicate"] * 5


async def test_an_end_retracted_and_told_again_is_told_to_everybody(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(started("r-1", person), ended("r-2"))
    assert await door["copenhagen"].words(retracted("r-3")) == ["accepted"]
    assert await door["copenhagen"].words(ended("r-4"), ended("r-5")) == ["accepted", "duplicate"]
    assert names(await door.published())[-2:] == ["PlacementEndRetracted", "PlacementEnded"]


async def test_facts_wait_for_the_start_of_their_placement(door: Door) -> None:
    person = await door["copenhagen"].register()
    assert await door["copenhagen"].words(ended("r-1"), retracted("r-2")) == ["parked"] * 2
    assert await door["caseworker"].words(ended("r-1", "0101/7", "2017-02-21")) == ["parked"]
    assert await door["copenhagen"].words(ended("r-3", placement="8")) == ["parked"]
    assert not await door.published()
    assert await door["copenhagen"].words(started("r-4", person), ended("r-5")) == ["accepted"] * 2
    told = await door.published()
    assert names(told) == [
        "PlacementStarted",
        "PlacementEnded",
        "PlacementEndRetracted",
        "PlacementEnded",
        "PlacementEnded",
    ]
    assert [event.content.get("last_day") for event in told] == [
        None,
        "2017-02-20",
        None,
        "2017-02-21",
        "2017-02-20",
    ]
    assert [event.time for event in told] == sorted({event.time for event in told})
    assert await door["copenhagen"].words(ended("r-1")) == ["duplicate"]


async def test_order_within_a_request_does_not_matter_for_the_start(door: Door) -> None:
    person = await door["copenhagen"].register()
    words = await door["copenhagen"].words(ended("r-1"), started("r-2", person))
    assert words == ["accepted", "accepted"]
    assert names(await door.published()) == ["PlacementStarted", "PlacementEnded"]


async def test_a_start_needs_somebody_registered_and_a_placement_stays_hers(door: Door) -> None:
    person = await door["copenhagen"].register(NUMBER)
    other = await door["copenhagen"].register(OTHER_NUMBER)
    words = await door["copenhagen"].words(
        started("r-1", UNKNOWN),
        ended("r-2"),
        started("r-3", person),
        started("r-4", other),
        started("r-5", person, employer="99000015"),
    )
    assert words == [
        "refused: unknown-person",
        "accepted",
        "accepted",
        "refused: other-person",
        "accepted",
    ]


async def test_a_person_is_corrected_where_something_differs(door: Door) -> None:
    person = await door["copenhagen"].register()
    fact = {"fact": "PersonCorrected", "person": person, "permit_granted_on": "2016-03-02"}
    words = await door["copenhagen"].words(
        {**fact, "report_id": "r-1"},
        {**fact, "report_id": "r-2"},
        {**fact, "report_id": "r-3", "permit_granted_on": "2016-03-01"},
        {**fact, "report_id": "r-4", "person": UNKNOWN},
    )
    assert words == ["accepted", "duplicate", "accepted", "refused: unknown-person"]
    told = await door.published("placements.persons.v1")
    assert [event.content["permit_granted_on"] for event in told] == [
        "2016-03-01",
        "2016-03-02",
        "2016-03-01",
    ]
    await door["odense"].register()
    assert len(await door.published("placements.persons.v1")) == 3


async def test_parking_and_starting_at_once_leaves_nothing_waiting(door: Door) -> None:
    person = await door["copenhagen"].register()
    for number in range(12):
        placement = str(number)
        await asyncio.gather(
            door["copenhagen"].tell(started(f"s-{number}", person, placement)),
            door["caseworker"].tell(ended(f"e-{number}", f"0101/{placement}")),
        )
    assert not await door.fetch("SELECT FROM placements.report WHERE outcome = 'parked'")
    told = await door.published()
    assert len(told) == 24
    assert [event.time for event in told] == sorted({event.time for event in told})


async def test_the_same_reports_sent_at_once_count_once(door: Door) -> None:
    person = await door["copenhagen"].register()
    facts = [started("r-1", person), ended("r-2")]
    answers = await asyncio.gather(*(door["copenhagen"].words(*facts) for _ in range(8)))
    assert sorted(answers) == [["accepted"] * 2] + [["duplicate"] * 2] * 7
    assert names(await door.published()) == ["PlacementStarted", "PlacementEnded"]
