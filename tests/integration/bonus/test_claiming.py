"""What was paid too much: claimed, changed, withdrawn, decided by a person, come in, paid again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.placements import PersonCorrected, PlacementAnnulled, PlacementReinstated
from shared.web.identity import Role
from tests.integration.bonus.finance import (
    CLAIMED,
    EXPENSE,
    ORDERED_ACCOUNT,
    PAID,
    PAYABLE,
    RECOVERED,
    WAIVED,
    Finance,
    ordered,
)
from tests.integration.bonus.office import (
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    private,
)

OLDER_PERMIT = PersonCorrected(person=PERSON, permit_granted_on=date(2015, 3, 10))
"""The instalment is worth 15,000."""
FIRST_PERMIT = PersonCorrected(person=PERSON, permit_granted_on=date(2016, 3, 10))
"""The instalment is worth 20,000."""
ANNULLED = PlacementAnnulled(placement=PLACEMENT, person=PERSON, reason="typing_error")
REINSTATED = PlacementReinstated(placement=PLACEMENT, person=PERSON)
UNKNOWN = "0192f0a0-0000-4000-8000-00000000ffff"


async def paid_too_much(office: Office) -> tuple[Finance, str]:
    """20,000 paid where 15,000 are due: 5,000 are claimed."""
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await office.advance_to("2017-03-10")
    await office.hear(OLDER_PERMIT)
    return finance, payout


async def post(
    office: Office, path: str, body: dict[str, Any], role: Role = "caseworker"
) -> tuple[int, dict[str, Any]]:
    claims = {"cvr": "99000007"} if role == "company" else {}
    async with office.system.client(role, **claims) as client:
        answer = await client.post(f"/bonus/v1/{path}", json=body)
        return answer.status_code, answer.json()


async def decide(
    finance: Finance, outcome: str, kroner: int, role: Role = "caseworker", **more: object
) -> tuple[int, dict[str, Any]]:
    body = {"outcome": outcome, "amount_ore": kroner * 100, "reason": "hearing of 12 March", **more}
    path = f"claims/{await finance.claim()}/decision"
    return await post(finance.office, path, body, role)


async def test_a_lowered_amount_is_claimed_back(office: Office) -> None:
    finance, _ = await paid_too_much(office)
    assert await finance.claims() == [("proposed", 5_000, "CORRECTED_PERMIT")]
    assert await office.balances() == {EXPENSE: 15_000, PAID: -20_000, CLAIMED: 5_000}
    assert await office.count_published("RepaymentClaimRaised") == 1


async def test_a_claim_follows_the_facts_until_nothing_is_claimed(office: Office) -> None:
    finance, _ = await paid_too_much(office)
    await office.hear(ANNULLED)
    assert await finance.claims() == [("proposed", 20_000, "ANNULLED")]
    await office.hear(REINSTATED)
    await office.hear(FIRST_PERMIT)
    assert [state for state, *_ in await finance.claims()] == ["withdrawn"]
    assert await office.balances() == {EXPENSE: 20_000, PAID: -20_000}
    assert await office.count_published("RepaymentClaimWithdrawn") == 1
    assert len(await finance.orders()) == 1


async def test_an_upheld_claim_is_proposed_anew_when_its_amount_changes(office: Office) -> None:
    finance, _ = await paid_too_much(office)
    assert (await decide(finance, "upheld", 5_000))[0] == 200
    assert [state for state, *_ in await finance.claims()] == ["upheld"]
    await office.hear(ANNULLED)
    assert await finance.claims() == [("proposed", 20_000, "ANNULLED")]


async def test_what_comes_back_pays_the_claim(office: Office) -> None:
    finance, payout = await paid_too_much(office)
    await decide(finance, "upheld", 5_000)
    await finance.give_back(payout, 2_000)
    assert [state for state, *_ in await finance.claims()] == ["upheld"]
    await finance.give_back(payout, 3_000)
    assert [state for state, *_ in await finance.claims()] == ["recovered"]
    assert await finance.remarks() == ["in_full", "recovered", "recovered"]
    assert await office.balances() == {EXPENSE: 15_000, PAID: -20_000, RECOVERED: 5_000}
    assert len(await finance.orders()) == 1


async def test_what_came_back_is_ordered_again_when_it_turns_out_due(office: Office) -> None:
    finance, payout = await paid_too_much(office)
    await finance.give_back(payout, 5_000)
    await office.hear(FIRST_PERMIT)
    assert [kroner for _, kroner in await finance.orders()] == [20_000, 5_000]
    assert (await office.balances())[ORDERED_ACCOUNT] == -5_000


async def test_a_claim_that_is_lowered_to_what_has_come_in_is_told_as_changed(
    office: Office,
) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await office.hear(ANNULLED)
    await finance.give_back(payout, 5_000)
    await office.hear(REINSTATED, OLDER_PERMIT)
    assert [(state, kroner) for state, kroner, _ in await finance.claims()] == [
        ("recovered", 5_000)
    ]
    assert await office.count_published("RepaymentClaimChanged") == 1
    assert await office.balances() == {EXPENSE: 15_000, PAID: -20_000, RECOVERED: 5_000}


async def test_what_is_dropped_is_not_claimed_again(office: Office) -> None:
    finance, _ = await paid_too_much(office)
    status, told = await decide(finance, "dropped", 0)
    assert (status, told["state"], told["waived_ore"]) == (200, "dropped", 500_000)
    assert await office.balances() == {EXPENSE: 15_000, PAID: -20_000, WAIVED: 5_000}
    await office.hear(FIRST_PERMIT)
    await office.hear(OLDER_PERMIT)
    assert [state for state, *_ in await finance.claims()] == ["dropped"]
    assert await office.count_published("RepaymentClaimDecided") == 1


async def test_a_lowered_claim_asks_for_the_rest(office: Office) -> None:
    finance, payout = await paid_too_much(office)
    await decide(finance, "lowered", 2_000)
    await finance.give_back(payout, 2_000)
    assert [state for state, *_ in await finance.claims()] == ["recovered"]
    assert await office.balances() == {
        EXPENSE: 15_000,
        PAID: -20_000,
        RECOVERED: 2_000,
        WAIVED: 3_000,
    }


async def test_three_years_after_the_payment_only_bad_faith_lets_a_claim_stand(
    office: Office,
) -> None:
    finance, _ = await paid_too_much(office)
    await office.advance_to("2020-03-03")
    status, told = await decide(finance, "upheld", 5_000)
    assert (status, "time-barred" in told["detail"]) == (422, True)
    assert (await decide(finance, "upheld", 5_000, bad_faith=True))[0] == 200


@pytest.mark.parametrize("role", ["company", "finance", "approver"])
async def test_only_a_caseworker_decides(office: Office, role: Role) -> None:
    finance, payout = await paid_too_much(office)
    assert (await decide(finance, "dropped", 0, role))[0] == 403
    assert (await post(office, f"payouts/{payout}/release", {"reason": "x"}, role))[0] == 403


@pytest.mark.parametrize(
    ("outcome", "kroner"), [("upheld", 4_000), ("lowered", 5_000), ("lowered", 0)]
)
async def test_a_decision_that_does_not_fit_the_claim_is_refused(
    office: Office, outcome: str, kroner: int
) -> None:
    finance, _ = await paid_too_much(office)
    assert (await decide(finance, outcome, kroner))[0] == 422
    assert await finance.claims() == [("proposed", 5_000, "CORRECTED_PERMIT")]


async def test_what_is_not_there_can_t_be_decided(office: Office) -> None:
    body = {"outcome": "dropped", "amount_ore": 0, "reason": "x"}
    for unknown in (UNKNOWN, "nonsense"):
        assert (await post(office, f"claims/{unknown}/decision", body))[0] == 404
        assert (await post(office, f"payouts/{unknown}/release", {"reason": "x"}))[0] == 404


async def test_a_released_payout_is_ordered_under_another_id(office: Office) -> None:
    finance, payout = await ordered(office)
    path, body = f"payouts/{payout}/release", {"reason": "the account is there now"}
    assert (await post(office, path, body))[0] == 422
    await finance.reject(payout)
    assert (await post(office, path, body))[0] == 200
    (first, _), (second, kroner) = await finance.orders()
    assert (first, kroner) == (payout, 20_000)
    assert second != first
    await finance.settle(second, 20_000)
    assert await office.balances() == {EXPENSE: 20_000, PAID: -20_000}


async def test_money_paid_to_the_first_employer_is_claimed_there_when_another_turns_up(
    office: Office,
) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await office.hear(private(OTHER_EMPLOYER), hired(employer=OTHER_EMPLOYER))
    assert await finance.claims() == [("proposed", 20_000, "OTHER")]
    assert [kroner for _, kroner in await finance.orders()] == [20_000, 20_000]
    assert (await office.balances()).get(PAYABLE) is None


async def test_a_case_shows_its_payouts_and_claims(office: Office) -> None:
    finance, payout = await paid_too_much(office)
    async with office.system.client("caseworker") as client:
        [case] = (await client.get("/bonus/v1/cases")).json()["cases"]
        told = (await client.get(f"/bonus/v1/cases/{case['case']}")).json()
    sums = [case["instalments"][0][what] for what in ("ordered_ore", "paid_ore", "claimed_ore")]
    assert sums == [2_000_000, 2_000_000, 500_000]
    assert [each["payout"] for each in told["payouts"]] == [payout]
    assert [each["claim"] for each in told["claims"]] == [await finance.claim()]
