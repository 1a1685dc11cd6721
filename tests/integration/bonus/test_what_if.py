"""Facts weighed against what is stored: the answer is what then happens, and nothing is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.bonus.handlers import trying
from services.bonus.store.facts import lock_employers
from shared.web.identity import Role
from tests.integration.bonus.finance import Finance, ordered
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
    received,
)
from tests.integration.bonus.test_claiming import ANNULLED, FIRST_PERMIT, OLDER_PERMIT

ADDRESS = "/bonus/v1/what-if"
SOMEBODY = "0192f0a0-0000-4000-8000-000000000077"
OWN_ANNULLED = {"fact": "PlacementAnnulled", "placement": PLACEMENT, "reason": "mistake"}
MONEY = (
    "paid_more_ore",
    "paid_less_ore",
    "claimed_back_ore",
    "no_longer_claimed_ore",
    "expected_change_ore",
)
TABLES = """
SELECT (SELECT count(*) FROM bonus.fact), (SELECT count(*) FROM bonus.instalment),
       (SELECT count(*) FROM bonus.outbox), (SELECT count(*) FROM bonus.person),
       (SELECT count(*) FROM bonus.ledger_entry), (SELECT count(*) FROM bonus.repayment_claim)
"""


async def asked(
    office: Office, facts: object, role: Role = "caseworker", **claims: str
) -> tuple[int, Any]:
    async with office.system.client(role, **claims) as client:
        response = await client.post(ADDRESS, json=facts)
        return response.status_code, response.json()


async def sums(office: Office, *facts: object, role: Role = "caseworker", **claims: str) -> Any:  # noqa: ANN401 # JSON
    """What the facts come to in money, in kroner, without what is nothing."""
    status, told = await asked(office, list(facts), role, **claims)
    assert status == 200, told
    return {name: told["sums"][name] // 100 for name in MONEY if told["sums"][name]}


def told(event: Any, **changes: object) -> dict[str, Any]:  # noqa: ANN401 # any event
    return {"fact": type(event).__name__, **event.model_dump(mode="json"), **changes}


async def tables(office: Office) -> Any:  # noqa: ANN401 # a row
    async with office.owner.connection() as connection:
        row = await connection.fetchrow(TABLES)
    assert row is not None
    return tuple(row)


async def write_in_a_trial(office: Office) -> None:
    async with office.system.system.context("bonus").begin() as work:
        await trying.prepare(work, [], None)
        await lock_employers(work.connection, ["99000015"], exclusive=True)


async def paid(office: Office) -> Finance:
    """20,000 kroner due, ordered and paid in March 2017."""
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await office.advance_to("2017-03-10")
    return finance


async def test_a_new_placement_is_expected_to_pay_and_is_shown_line_by_line(office: Office) -> None:
    await office.hear(private(), person())
    status, answer = await asked(office, [told(hired(), report_id="r-1")])
    assert status == 200
    assert answer["sums"] == {
        "persons": 1,
        "companies": 1,
        "cases": 1,
        "instalments": 2,
        "paid_more_ore": 0,
        "paid_less_ore": 0,
        "claimed_back_ore": 0,
        "no_longer_claimed_ore": 0,
        "expected_change_ore": 4_000_000,
    }
    first = answer["differences"][0] | {"after": answer["differences"][0]["after"]["status"]}
    assert first | dict.fromkeys(MONEY, 0) == {
        "case": None,
        "person": PERSON,
        "employer": EMPLOYER,
        "scheme": "ordinary",
        "milestone": "M12",
        "before": None,
        "after": "PENDING",
        **dict.fromkeys(MONEY, 0),
    }
    assert (answer["as_of"], answer["left_out"]) == ("2016-09-02", [])


async def test_what_is_said_is_what_then_happens(office: Office) -> None:
    finance = await paid(office)
    assert await sums(office, told(OLDER_PERMIT)) == {
        "claimed_back_ore": 5_000,
        "expected_change_ore": -5_000,
    }
    assert await finance.claims() == []
    await office.hear(OLDER_PERMIT)
    assert await finance.claims() == [("proposed", 5_000, "CORRECTED_PERMIT")]
    assert await sums(office, told(FIRST_PERMIT)) == {
        "no_longer_claimed_ore": 5_000,
        "expected_change_ore": 5_000,
    }
    assert await sums(office, told(ANNULLED)) == {
        "claimed_back_ore": 15_000,
        "expected_change_ore": -15_000,
    }
    await office.hear(ANNULLED)
    assert await finance.claims() == [("proposed", 20_000, "ANNULLED")]


async def test_of_facts_about_the_same_the_last_told_counts_also_over_what_is_stored(
    office: Office,
) -> None:
    await paid(office)
    older, first = told(OLDER_PERMIT), told(FIRST_PERMIT)
    assert (await sums(office, first, older))["claimed_back_ore"] == 5_000
    assert await sums(office, older, first) == {}
    ahead = office.clock.now() + timedelta(minutes=5)  # the door's stamps may run ahead
    await office.hear(received(OLDER_PERMIT, ahead))
    assert (await sums(office, first))["no_longer_claimed_ore"] == 5_000


async def test_what_is_ordered_and_not_yet_answered_counts_as_paid(office: Office) -> None:
    await ordered(office)
    assert await sums(office, told(ANNULLED)) == {
        "claimed_back_ore": 20_000,
        "expected_change_ore": -20_000,
    }


async def test_an_application_pays_and_its_refusal_is_seen_before_it_happens(
    office: Office,
) -> None:
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    applied = {
        "fact": "BonusApplied",
        "placement": PLACEMENT,
        "milestone": "M6",
        "filed_on": "2017-03-02",
    }
    assert await sums(office, applied) == {
        "paid_more_ore": 20_000,
        "expected_change_ore": -20_000,
    }
    assert await sums(office, applied, told(OLDER_PERMIT)) == {
        "paid_more_ore": 15_000,
        "expected_change_ore": -25_000,
    }


async def test_a_sector_bears_on_everybody_at_the_employer(office: Office) -> None:
    await paid(office)
    public = told(private(), sector="public_authority")
    assert (await sums(office, public))["claimed_back_ore"] == 20_000


async def test_a_placement_with_an_employer_known_before_is_judged_by_its_sector(
    office: Office,
) -> None:
    await office.hear(person(), private(OTHER_EMPLOYER))
    start = told(hired(employer=OTHER_EMPLOYER))
    assert await sums(office, start) == {"expected_change_ore": 40_000}
    assert await sums(office, told(hired())) == {}


async def test_an_unknown_person_can_be_told_of_with_the_rest(office: Office) -> None:
    facts = [
        told(hired(person=SOMEBODY, placement="0101/new")),
        told(person(person=SOMEBODY)),
        told(private()),
        {"fact": "PlacementEnded", "placement": "0101/new", "last_day": "2017-06-30"}
        | {"reason": "resigned"},
    ]
    assert await sums(office, *facts) == {"expected_change_ore": 20_000}


async def test_a_fact_about_an_unknown_placement_waits_and_the_rest_is_weighed(
    office: Office,
) -> None:
    await paid(office)
    facts = [{**OWN_ANNULLED, "placement": "0101/unheard-of"}, OWN_ANNULLED]
    status, answer = await asked(office, facts)
    assert status == 200
    assert answer["sums"]["claimed_back_ore"] == 2_000_000
    assert answer["left_out"] == [
        {"fact": 1, "why": "the start of 0101/unheard-of isn't known: this would wait for it"}
    ]


async def test_nothing_is_stored_and_nothing_could_be(office: Office) -> None:
    await paid(office)
    before = await tables(office)
    await sums(office, told(ANNULLED), told(hired(person=SOMEBODY, placement="0101/new")))
    assert await tables(office) == before
    with pytest.raises(Exception, match="cannot execute INSERT in a read-only transaction"):
        await write_in_a_trial(office)


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("caseworker", {}, 200),
        ("municipality", {"municipality": "0101"}, 200),
        ("company", {"cvr": EMPLOYER}, 403),
        ("approver", {}, 403),
        ("finance", {}, 403),
        ("operations", {}, 403),
    ],
)
async def test_who_may_ask(office: Office, role: Role, claims: dict[str, str], status: int) -> None:
    assert (await asked(office, [], role, **claims))[0] == status


async def test_a_municipality_weighs_its_own_placements_of_persons_it_placed(
    office: Office,
) -> None:
    await paid(office)
    own: Any = {"role": "municipality", "municipality": "0101"}
    assert (await sums(office, OWN_ANNULLED, **own))["claimed_back_ore"] == 20_000
    other: Any = {"role": "municipality", "municipality": "0461"}
    status, refused = await asked(office, [OWN_ANNULLED], **other)
    assert (status, refused["errors"][0]["kind"]) == (422, "not-your-placement")
    about_the_person = [told(OLDER_PERMIT), told(hired(placement="0461/1"))]
    status, answer = await asked(office, about_the_person, **other)
    assert (status, answer["differences"]) == (200, [])
    assert [each["fact"] for each in answer["left_out"]] == [1, 2]
    assert "isn't yours to know" in answer["left_out"][0]["why"]
    new = told(hired(placement="0461/1", person=SOMEBODY))
    assert (await asked(office, [new], **other))[1]["sums"]["instalments"] == 2
    sector = told(private(), sector="public_authority")
    status, refused = await asked(office, [sector], **own)
    assert (status, refused["errors"][0]["kind"]) == (422, "not-for-municipalities")
