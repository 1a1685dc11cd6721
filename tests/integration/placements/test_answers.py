"""What senders are told: problems, receipts on their own topic, their feed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.integration.placements.door import COPENHAGEN, Door, ended, names, started

RECEIPTS = f"municipality.{COPENHAGEN}.receipts.v1"


async def receipts(door: Door, topic: str = RECEIPTS) -> list[tuple[str, str]]:
    return [(each.key, each.content["outcome"]) for each in await door.published(topic)]


async def test_a_refused_fact_says_which_field_and_why(door: Door) -> None:
    [outcome] = await door["copenhagen"].tell({**ended("r-1"), "last_day": "2017-02-30"})
    assert outcome["outcome"] == "refused"
    problem = outcome["problem"]
    assert problem["type"] == "urn:sammen:problem:invalid-fact"
    assert problem["status"] == 422
    assert problem["title"]
    assert "last_day" in problem["detail"]
    assert "2017-02-30" not in problem["detail"]


async def test_whatever_is_sent_has_an_outcome_in_its_place(door: Door) -> None:
    person = await door["copenhagen"].register()
    sent: list[Any] = [
        7,
        None,
        [],
        {},
        {"report_id": "r-1"},
        {"report_id": "r-2", "fact": "PlacementVanished", "placement": "7"},
        {**started("r-3", person), "municipality": "0461"},
        {**started("r-4", person), "employer": 99000007},
        {**started("r-5", person), "recorded_on": "2017-01-01"},
        {**ended("r-6"), "report_id": 6},
        {**ended("r-7"), "placement": "nul\u0000"},
        {"report_id": "r-8", "half": "\ud800"},
        {**ended("r-9"), "reason": "bored"},
        started("r-10", person),
    ]
    outcomes = await door["copenhagen"].tell(*sent)
    assert [outcome["outcome"] for outcome in outcomes] == ["refused"] * 13 + ["accepted"]
    assert [outcome["report_id"] for outcome in outcomes] == [
        *[None] * 4,
        *[f"r-{number}" for number in range(1, 6)],
        None,
        *[f"r-{number}" for number in range(7, 11)],
    ]
    assert names(await door.published()) == ["PlacementStarted"]
    assert len(await door.fetch("SELECT FROM placements.report")) == 14


async def test_a_person_number_in_a_report_is_refused_and_kept_nowhere(door: Door) -> None:
    number = "6101800001"
    sent = [
        {**ended("r-1"), "placement": f"file {number}"},
        {**ended("r-2"), number: "x"},
        {**ended(number)},
        {**started("r-4", number)},
    ]
    outcomes = await door["copenhagen"].tell(*sent)
    assert [outcome["outcome"] for outcome in outcomes] == ["refused"] * 4
    assert [outcome["report_id"] for outcome in outcomes] == ["r-1", "r-2", None, "r-4"]
    assert number not in repr(outcomes)
    rows = await door.fetch("SELECT content, digest FROM placements.report")
    assert [tuple(row) for row in rows] == [(None, b"")] * 4


async def test_a_municipality_gets_a_receipt_for_every_report(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(ended("r-1"), {"report_id": "r-2"}, {})
    await door["copenhagen"].tell(started("r-3", person), ended("r-4"), ended("r-1"))
    assert await receipts(door) == [
        ("r-1", "parked"),
        ("r-2", "refused"),
        ("r-1", "accepted"),
        ("r-3", "accepted"),
        ("r-4", "duplicate"),
        ("r-1", "duplicate"),
    ]
    told = await door.published(RECEIPTS)
    assert "fact" in told[1].content["problem"]
    start, end = await door.published()
    assert [told[2].cause, told[3].cause] == [end.event_id, start.event_id]


async def test_companies_and_caseworkers_have_no_receipts(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["company"].tell(started("r-1", person))
    await door["caseworker"].tell(ended("r-1", "0101/7"), started("r-2", person, "0101/7"))
    assert await receipts(door) == []


async def test_a_municipality_reads_its_own_feed(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(
        started("r-1", person),
        started("r-2", person),
        ended("r-3", placement="8"),
        ended("r-4", last_day="2017-01-31"),
        ended("r-5", last_day="2017-02-01"),
        {"report_id": "r-6"},
    )
    await door["odense"].tell(ended("r-7"))
    answer = (await door["copenhagen"].http.get("/placements/v1/feed")).json()
    assert answer["counts"] == {
        "received": 6,
        "accepted": 3,
        "duplicate": 1,
        "parked": 1,
        "refused": 1,
        "late": 1,
    }
    assert [entry["report_id"] for entry in answer["reports"]] == [f"r-{n}" for n in range(1, 7)]
    assert answer["reports"][0]["placement"] == "0101/7"
    assert answer["reports"][5]["problem"]["type"] == "urn:sammen:problem:invalid-fact"
    assert answer["next"] is None


async def test_the_feed_is_read_in_pages_and_by_outcome(door: Door) -> None:
    person = await door["copenhagen"].register()
    facts = [started(f"r-{n}", person, str(n)) for n in range(5)]
    await door["copenhagen"].tell(*facts, {"report_id": "bad"})
    http = door["copenhagen"].http
    seen: list[str] = []
    after: int | None = 0
    for size in (2, 2, 2, 0):
        page = (await http.get(f"/placements/v1/feed?limit=2&after={after}")).json()
        assert len(page["reports"]) == size
        seen += [entry["report_id"] for entry in page["reports"]]
        after = page["next"]
    assert after is None
    assert seen == ["r-0", "r-1", "r-2", "r-3", "r-4", "bad"]
    refused = (await http.get("/placements/v1/feed?outcome=refused")).json()["reports"]
    assert [entry["report_id"] for entry in refused] == ["bad"]
    assert (await http.get("/placements/v1/feed?late=true")).json()["reports"] == []
    assert (await http.get("/placements/v1/feed?limit=501")).status_code == 422


async def test_what_waited_too_long_before_it_was_told_is_late(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(ended("r-1", last_day="2017-02-28"))
    door.clock.advance_to(door.clock.now() + timedelta(days=60))
    await door["copenhagen"].tell(ended("r-2", last_day="2017-02-28", placement="8"))
    await door["copenhagen"].tell(started("r-3", person, started_on="2017-04-20"))
    late = (await door["copenhagen"].http.get("/placements/v1/feed?late=true")).json()["reports"]
    assert [entry["report_id"] for entry in late] == ["r-2"]
