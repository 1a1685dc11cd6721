"""What each answer of finance comes to: in full, in parts, rejected, returned, twice, too early."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from shared.contracts.envelope import new_event_id
from shared.contracts.finance import PayoutRejected, PayoutReturned, PayoutSettled
from shared.contracts.placements import PersonCorrected
from shared.database import Fault, fault_of
from shared.messaging.work import UndecidableError
from tests.integration.bonus.finance import (
    EXPENSE,
    ORDERED_ACCOUNT,
    PAID,
    PAYABLE,
    Finance,
    ordered,
)
from tests.integration.bonus.office import PERSON, Office

DAY = date(2017, 3, 3)
PAID_IN_FULL = {EXPENSE: 20_000, PAID: -20_000}
LOWERED = PersonCorrected(person=PERSON, permit_granted_on=date(2015, 3, 10))
"""An older permit: the instalment is worth 15,000."""


def settled(payout: str, kroner: int) -> PayoutSettled:
    return PayoutSettled(payout=payout, amount_ore=kroner * 100, settled_on=DAY)


async def test_what_is_due_is_ordered_in_the_same_transaction(office: Office) -> None:
    finance, payout = await ordered(office)
    [told] = await finance.told()
    assert (told["payout"], told["amount_ore"], told["milestone"]) == (payout, 2_000_000, "M6")
    assert await office.balances() == {EXPENSE: 20_000, ORDERED_ACCOUNT: -20_000}


async def test_a_payment_in_full_ends_the_order(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    assert await office.balances() == PAID_IN_FULL
    assert await finance.remarks() == ["in_full"]
    assert len(await finance.orders()) == 1


async def test_parts_add_up_to_the_order_to_the_last_fraction(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 6_666.67)
    assert await finance.remarks() == ["in_part"]
    await finance.settle(payout, 13_333.33)
    assert await office.balances() == PAID_IN_FULL
    assert await finance.claims() == []
    assert len(await finance.orders()) == 1


async def test_a_change_while_an_order_is_unanswered_waits_for_the_answer(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 12_000)
    await office.hear(LOWERED)
    assert (await finance.claims(), len(await finance.orders())) == ([], 1)
    await finance.settle(payout, 8_000)
    assert await finance.claims() == [("proposed", 5_000, "CORRECTED_PERMIT")]


async def test_more_than_was_waited_for_is_ordered_after_the_answer(office: Office) -> None:
    finance, payout = await ordered(office)
    await office.hear(LOWERED)
    await office.hear(PersonCorrected(person=PERSON, permit_granted_on=date(2016, 3, 10)))
    await finance.settle(payout, 20_000)
    assert await office.balances() == PAID_IN_FULL
    assert len(await finance.orders()) == 1


async def test_what_is_rejected_is_owed_and_ordered_again_only_when_a_person_says_so(
    office: Office,
) -> None:
    finance, payout = await ordered(office)
    await finance.reject(payout)
    assert await office.balances() == {EXPENSE: 20_000, PAYABLE: -20_000}
    assert len(await finance.orders()) == 1
    await office.hear(LOWERED)
    assert len(await finance.orders()) == 1


async def test_what_bounces_is_owed_again_and_not_ordered_by_itself(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await finance.give_back(payout, 20_000)
    assert await office.balances() == {EXPENSE: 20_000, PAYABLE: -20_000}
    assert await finance.remarks() == ["in_full", "returned"]
    assert len(await finance.orders()) == 1


async def test_the_same_answer_under_another_id_is_money_that_went_out_twice(
    office: Office,
) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await finance.settle(payout, 20_000)
    assert await finance.remarks() == ["in_full", "more_than_ordered"]
    assert await finance.claims() == [("proposed", 20_000, "OVERPAID")]


async def test_the_same_answer_under_the_same_id_is_refused_by_the_database(
    office: Office,
) -> None:
    finance, payout = await ordered(office)
    event_id = new_event_id()
    await finance.settle(payout, 20_000, event_id)
    with pytest.raises(Exception) as refused:  # noqa: PT011 # its kind is asked for below
        await finance.settle(payout, 20_000, event_id)
    assert fault_of(refused.value) is Fault.DATA
    assert await office.balances() == PAID_IN_FULL


async def test_a_wrong_amount_is_booked_as_it_was_paid(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_500)
    assert await finance.claims() == [("proposed", 500, "OVERPAID")]
    assert (await office.balances())[PAID] == -20_500


async def test_an_answer_without_money_changes_nothing(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 0)
    assert await finance.remarks() == ["no_amount"]
    assert await office.balances() == {EXPENSE: 20_000, ORDERED_ACCOUNT: -20_000}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_answers_out_of_order_come_to_the_same(
    office: Office, order: tuple[int, ...]
) -> None:
    finance, payout = await ordered(office)
    answers = (
        settled(payout, 20_000),
        PayoutReturned(payout=payout, amount_ore=500_000, settled_on=DAY),
        PayoutRejected(payout=payout, reason="no_account", rejected_on=DAY),
    )
    for number in order:
        await finance.tell(answers[number])
    assert await office.balances() == {EXPENSE: 20_000, PAYABLE: -5_000, PAID: -15_000}
    assert (await finance.claims(), len(await finance.orders())) == ([], 1)


async def test_answers_in_one_batch_are_booked_one_after_another(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.tell(settled(payout, 5_000), settled(payout, 15_000))
    assert await finance.remarks() == ["in_part", "in_full"]
    assert await office.balances() == PAID_IN_FULL


@pytest.mark.parametrize(
    ("payout", "kroner", "reason"),
    [
        ("c25889d4-8e93-492f-b178-82e482ba43ca", 20_000, "payout_unknown"),
        ("PO-17", 20_000, "payout_unknown"),
        (None, 1_000_001, "amount_implausible"),
    ],
)
async def test_what_can_be_about_no_order_of_ours_is_left_to_a_person(
    office: Office, payout: str | None, kroner: int, reason: str
) -> None:
    finance, known = await ordered(office)
    with pytest.raises(UndecidableError) as undecided:
        await finance.settle(payout or known, kroner)
    assert undecided.value.reason == reason


async def test_an_event_id_that_is_no_uuid_is_left_to_a_person(office: Office) -> None:
    finance, payout = await ordered(office)
    with pytest.raises(UndecidableError) as undecided:
        await finance.settle(payout, 20_000, "settlement-1")
    assert undecided.value.reason == "event_id_unusable"


async def test_a_second_order_beside_an_unanswered_one_is_refused_by_the_database(
    office: Office,
) -> None:
    finance, _ = await ordered(office)
    statement = """
        INSERT INTO bonus.payout (payout_id, instalment_id, person, number, placement, amount_ore,
                                  ordered_on, ordered_at)
        SELECT gen_random_uuid(), instalment_id, person, 2, placement, 1, ordered_on, ordered_at
          FROM bonus.payout
    """
    with pytest.raises(Exception) as refused:  # noqa: PT011 # its kind is asked for below
        await finance.rows(statement)
    assert fault_of(refused.value) is Fault.DATA
    for payout, kroner in await Finance(office).orders():
        await finance.settle(payout, kroner)
    await finance.rows(statement)
