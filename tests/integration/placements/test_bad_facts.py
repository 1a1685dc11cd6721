"""A fact that one look disproves is refused with its rule, in the answer, the feed, the receipt."""

from __future__ import annotations

from tests.integration.placements.door import COPENHAGEN, Door, started
from tests.support.bad_facts import BAD, reported

RECEIPTS = f"municipality.{COPENHAGEN}.receipts.v1"


async def test_every_bad_fact_is_refused_with_its_rule_and_the_good_one_beside_it_counts(
    door: Door,
) -> None:
    person = await door["copenhagen"].register()
    sent = [reported(fact, f"r-{number}") for number, (fact, _) in enumerate(BAD.values())]
    *refused, taken = await door["copenhagen"].tell(*sent, started("r-good", person))
    codes = [code for _, code in BAD.values()]
    assert [each["problem"]["code"] for each in refused] == codes
    assert {each["problem"]["rule"] for each in refused} == {"F10"}
    assert {each["problem"]["law"] for each in refused} == {"docs/law.md, F10"}
    assert taken["outcome"] == "accepted"
    answer = await door["copenhagen"].http.get("/placements/v1/feed?outcome=refused")
    assert [each["problem"]["code"] for each in answer.json()["reports"]] == codes
    receipts = [each.content.get("code") for each in await door.published(RECEIPTS)]
    assert receipts == [*codes, None]
    again = await door["copenhagen"].tell(*sent)
    assert [each["problem"]["code"] for each in again] == codes
