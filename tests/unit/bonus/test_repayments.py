"""A caseworker's decision on a claim, and answers to orders, whatever their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bonus.domain.payouts import Claim, ClaimState, Payout
from services.bonus.domain.postings import Account
from services.bonus.domain.repayments import Decision, decided, objection, time_barred_after
from services.bonus.domain.settlements import Answer, AnswerKind, Remark, book
from services.bonus.rules import load_rules

CLAIM = Claim("c", "i", 1, 500_000)
HALF_IN = replace(CLAIM, recovered_ore=300_000)
BARRED_AFTER = date(2020, 3, 3)
ORDER = Payout("p", "i", 1, 2_000_000)
DAY = date(2017, 3, 3)


def test_three_years_from_the_payment_the_claim_is_time_barred() -> None:
    assert time_barred_after(date(2017, 3, 3), load_rules()) == BARRED_AFTER
    assert time_barred_after(date(2016, 2, 29), load_rules()) == date(2019, 2, 28)


@pytest.mark.parametrize(
    ("claim", "decision", "today", "allowed"),
    [
        (CLAIM, Decision("upheld", 500_000), BARRED_AFTER, True),
        (CLAIM, Decision("upheld", 500_000), date(2020, 3, 4), False),
        (CLAIM, Decision("upheld", 500_000, bad_faith=True), date(2020, 3, 4), True),
        (CLAIM, Decision("lowered", 400_000), date(2020, 3, 4), False),
        (CLAIM, Decision("dropped", 0), date(2020, 3, 4), True),
        (CLAIM, Decision("upheld", 400_000), DAY, False),
        (CLAIM, Decision("lowered", 499_900), DAY, True),
        (CLAIM, Decision("lowered", 499_999), DAY, False),
        (CLAIM, Decision("lowered", 500_000), DAY, False),
        (CLAIM, Decision("lowered", 100), DAY, True),
        (CLAIM, Decision("lowered", 1), DAY, False),
        (CLAIM, Decision("lowered", 0), DAY, False),
        (HALF_IN, Decision("lowered", 300_000), DAY, True),
        (HALF_IN, Decision("lowered", 299_999), DAY, False),
        (replace(CLAIM, state=ClaimState.UPHELD), Decision("dropped", 0), DAY, True),
        (replace(CLAIM, state=ClaimState.WITHDRAWN), Decision("dropped", 0), DAY, False),
    ],
)
def test_what_may_be_decided(claim: Claim, decision: Decision, today: date, allowed: bool) -> None:  # noqa: FBT001 # a column of the table
    why_not = objection(claim, decision, today=today, barred_after=BARRED_AFTER)
    assert (why_not is None) is allowed


@pytest.mark.parametrize(
    ("claim", "decision", "state", "amount", "waived"),
    [
        (CLAIM, Decision("upheld", 500_000), ClaimState.UPHELD, 500_000, 0),
        (CLAIM, Decision("lowered", 200_000), ClaimState.UPHELD, 200_000, 300_000),
        (CLAIM, Decision("dropped", 0), ClaimState.DROPPED, 0, 500_000),
        (HALF_IN, Decision("dropped", 0), ClaimState.DROPPED, 300_000, 200_000),
        (HALF_IN, Decision("lowered", 300_000), ClaimState.RECOVERED, 300_000, 200_000),
    ],
)
def test_a_decision_waives_what_is_no_longer_claimed(
    claim: Claim, decision: Decision, state: ClaimState, amount: int, waived: int
) -> None:
    after, entries = decided(claim, decision, on=DAY)
    assert (after.state, after.amount_ore, after.waived_ore) == (state, amount, waived)
    posted = [dict(each.postings)[Account.REPAYMENTS_WAIVED] for each in entries]
    assert posted == ([waived] if waived else [])


def test_what_comes_back_pays_the_claim_before_it_counts_as_bounced() -> None:
    paid = replace(ORDER, settled_ore=2_000_000)
    booked = book(paid, CLAIM, Answer(AnswerKind.RETURNED, 800_000, DAY))
    assert booked.claim == replace(CLAIM, recovered_ore=500_000)
    assert (booked.payout.recovered_ore, booked.payout.returned_ore) == (500_000, 300_000)
    assert (booked.remark, len(booked.entries)) == (Remark.RETURNED, 2)
    assert booked.kroner_beyond(paid) == -8_000


def test_fractions_of_parts_add_up_to_whole_kroner() -> None:
    first = book(ORDER, None, Answer(AnswerKind.SETTLED, 666_667, DAY))
    second = book(first.payout, None, Answer(AnswerKind.SETTLED, 1_333_333, DAY))
    assert (first.kroner_beyond(ORDER), second.kroner_beyond(first.payout)) == (6_666, 13_334)


@given(
    st.lists(
        st.builds(
            Answer,
            st.sampled_from(AnswerKind),
            st.integers(0, 3_000_000),
            st.just(DAY),
        ),
        max_size=4,
    )
)
def test_answers_in_any_order_leave_the_same_order_accounts_and_kroner(
    answers: list[Answer],
) -> None:
    outcomes = set()
    for order in permutations(answers):
        payout, kroner = ORDER, 0
        balances = dict.fromkeys(Account, 0)
        for answer in order:
            booked = book(payout, None, answer)
            kroner += booked.kroner_beyond(payout)
            for each in booked.entries:
                assert sum(amount for _, amount in each.postings) == 0
                for account, amount in each.postings:
                    balances[account] += amount
            payout = booked.payout
        outcomes.add((payout, kroner, *balances.values()))
    assert len(outcomes) == 1
