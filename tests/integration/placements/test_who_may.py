from __future__ import annotations

import pytest

from tests.integration.placements.door import COMPANY, Door, ended, names, started


async def test_only_the_sender_of_an_id_or_a_caseworker_tells_of_it(door: Door) -> None:
    person = await door["copenhagen"].register()
    assert await door["copenhagen"].words(started("r-1", person)) == ["accepted"]
    assert await door["company"].words(started("r-1", person)) == ["accepted"]
    not_yours = ["refused: not-your-placement"]
    of_copenhagen, of_company = ended("x-1", "0101/7"), ended("x-2", f"cvr-{COMPANY}/7")
    for caller in ("odense", "company", "other_company"):
        assert await door[caller].words(of_copenhagen) == not_yours, caller
    for caller in ("odense", "copenhagen", "other_company"):
        assert await door[caller].words(of_company) == not_yours, caller
    assert names(await door.published()) == ["PlacementStarted"] * 2
    assert await door["caseworker"].words(of_copenhagen, of_company) == ["accepted"] * 2
    assert [event.content["placement"] for event in await door.published()] == [
        "0101/7",
        f"cvr-{COMPANY}/7",
        "0101/7",
        f"cvr-{COMPANY}/7",
    ]


async def test_a_refusal_tells_nothing_of_whether_the_placement_exists(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(started("r-1", person))
    there, nowhere = await door["odense"].tell(ended("x-1", "0101/7"), ended("x-2", "0101/8"))
    assert there["problem"] == nowhere["problem"]


async def test_the_same_own_id_of_two_senders_is_two_placements(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["copenhagen"].tell(started("r-1", person))
    assert await door["odense"].words(ended("r-2")) == ["parked"]


async def test_a_company_tells_of_placements_with_itself_and_of_no_person(door: Door) -> None:
    person = await door["copenhagen"].register()
    corrected = {"report_id": "r-2", "fact": "PersonCorrected", "person": person}
    assert await door["company"].words(
        started("r-1", person, employer="99000015"),
        {**corrected, "category": "refugee"},
        started("r-3", person),
    ) == ["refused: not-your-placement", "refused: not-for-companies", "accepted"]


async def test_a_caseworker_names_whole_ids(door: Door) -> None:
    person = await door["copenhagen"].register()
    words = await door["caseworker"].words(
        started("r-1", person), started("r-2", person, "0101/7", continues="6")
    )
    assert words == ["refused: placement-id-not-whole", "accepted"]
    [event] = await door.published()
    assert (event.content["placement"], event.content["continues"]) == ("0101/7", "0101/6")


async def test_what_another_sender_knows_can_be_continued(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["odense"].tell(started("r-1", person, continues="0101/7"))
    [event] = await door.published()
    assert (event.content["placement"], event.content["continues"]) == ("0461/7", "0101/7")


@pytest.mark.parametrize(("path", "content"), [("persons", {}), ("reports", []), ("feed", None)])
async def test_nobody_is_let_in_without_a_role_for_it(
    door: Door, path: str, content: object
) -> None:
    address = f"/placements/v1/{path}"
    async with door.system.client() as stranger:
        request = stranger.get(address) if content is None else stranger.post(address, json=content)
        assert (await request).status_code == 401
    http = door["finance"].http
    request = http.get(address) if content is None else http.post(address, json=content)
    assert (await request).status_code == 403
