"""What is to be ordered and what claimed, given a line and what happened to its money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.bonus.domain.assessment import Reason, Status
from services.bonus.domain.differences import Line, LineKey
from services.bonus.domain.payouts import (
    ChangeClaim,
    Claim,
    ClaimState,
    CloseClaim,
    Money,
    OrderPayout,
    Payout,
    RaiseClaim,
    Step,
    claim_id,
    payout_id,
    steps,
)

PERSON = "0192f0a0-0000-4000-8000-000000000001"
DUE = Line(date(2017, 3, 1), 2_000_000, Status.DUE, None, (), "O6", "§ 46")
LOWER = replace(DUE, amount_ore=1_500_000)
REFUSED = replace(DUE, amount_ore=0, status=Status.REFUSED, reason=Reason.ANNULLED)
REVIEW = replace(DUE, amount_ore=0, status=Status.REVIEW, reason=Reason.SECTOR_UNKNOWN)
AWAITING = replace(DUE, status=Status.AWAITING)
OPEN = Payout("p-1", "i", 1, 2_000_000)
PAID = replace(OPEN, settled_ore=2_000_000)
LESS_PAID = replace(OPEN, amount_ore=1_500_000, settled_ore=1_500_000)
REJECTED = replace(OPEN, rejected=True)
BOUNCED = replace(PAID, returned_ore=2_000_000)
CLAIM = Claim("c-1", "i", 1, 500_000)
UPHELD = replace(CLAIM, state=ClaimState.UPHELD)
HALF_IN = replace(UPHELD, recovered_ore=300_000)
ALL_IN = replace(UPHELD, recovered_ore=500_000)
DROPPED = Claim("c-1", "i", 1, 0, ClaimState.DROPPED, waived_ore=500_000)
WAS_IN = replace(ALL_IN, state=ClaimState.RECOVERED)

CASES: list[tuple[str, Money, Line, tuple[Step, ...]]] = [
    ("what is due is ordered", Money(), DUE, (OrderPayout(1, 2_000_000),)),
    ("what waits for papers is not", Money(), AWAITING, ()),
    ("what is refused is not", Money(), REFUSED, ()),
    ("an unanswered order is waited for", Money((OPEN,)), DUE, ()),
    ("also when lowered meanwhile", Money((OPEN,)), LOWER, ()),
    ("also when part of it has come", Money((replace(OPEN, settled_ore=9),)), REFUSED, ()),
    ("what is paid is not ordered again", Money((PAID,)), DUE, ()),
    ("a raise is ordered alone", Money((LESS_PAID,)), DUE, (OrderPayout(2, 500_000),)),
    ("a rejected order stops", Money((REJECTED,)), DUE, ()),
    ("until it is released", Money((replace(REJECTED, released=True),)), DUE,
     (OrderPayout(2, 2_000_000),)),
    ("what bounced stops", Money((BOUNCED,)), DUE, ()),
    ("and is ordered when released", Money((replace(BOUNCED, released=True),)), DUE,
     (OrderPayout(2, 2_000_000),)),
    ("a rejection after payment stops nothing", Money((replace(PAID, rejected=True),)),
     replace(DUE, amount_ore=2_100_000), (OrderPayout(2, 100_000),)),
    ("what is paid too much is claimed", Money((PAID,)), LOWER, (RaiseClaim(1, 500_000),)),
    ("a fraction of a krone is not", Money((replace(PAID, settled_ore=2_000_050),)), DUE, ()),
    ("nor what is above whole kroner", Money((replace(PAID, settled_ore=2_000_150),)), DUE,
     (RaiseClaim(1, 100),)),
    ("all of it when refused", Money((PAID,)), REFUSED, (RaiseClaim(1, 2_000_000),)),
    ("nothing under review", Money((PAID,)), REVIEW, ()),
    ("nothing while papers are missing", Money((PAID,)), AWAITING, ()),
    ("a claim that fits stands", Money((PAID,), (CLAIM,)), LOWER, ()),
    ("one decided stands", Money((PAID,), (UPHELD,)), LOWER, ()),
    ("one that no longer fits changes", Money((PAID,), (UPHELD,)), REFUSED,
     (ChangeClaim(UPHELD, 2_000_000),)),
    ("one without ground is withdrawn", Money((PAID,), (CLAIM,)), DUE,
     (CloseClaim(CLAIM, ClaimState.WITHDRAWN),)),
    ("also while under review", Money((PAID,), (CLAIM,)), REVIEW,
     (CloseClaim(CLAIM, ClaimState.WITHDRAWN),)),
    ("one partly come in stands", Money((PAID,), (HALF_IN,)), LOWER, ()),
    ("one come in is closed", Money((PAID,), (ALL_IN,)), LOWER,
     (CloseClaim(ALL_IN, ClaimState.RECOVERED),)),
    ("what came in is paid again when due after all", Money((PAID,), (HALF_IN,)), DUE,
     (CloseClaim(HALF_IN, ClaimState.WITHDRAWN), OrderPayout(2, 300_000))),
    ("also when the claim was closed", Money((PAID,), (WAS_IN,)), DUE, (OrderPayout(2, 500_000),)),
    ("what came in is not claimed again", Money((PAID,), (WAS_IN,)), LOWER, ()),
    ("a dropped claim is not raised again", Money((PAID,), (DROPPED,)), LOWER, ()),
    ("but what is more is claimed", Money((PAID,), (DROPPED,)), REFUSED,
     (RaiseClaim(2, 1_500_000),)),
    ("a dropped claim is paid no second time", Money((PAID,), (DROPPED,)), DUE, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("money", "line", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_money_follows_the_line(money: Money, line: Line, expected: tuple[Step, ...]) -> None:
    assert steps(money, line) == expected


def test_ids_of_orders_and_claims_last_for_ever() -> None:
    key = LineKey("99000007", "ordinary", "M6")
    assert payout_id(PERSON, key, 1) == "1a91bc8f-d929-580a-a221-0c872d57f032"
    ids = {payout_id(PERSON, key, 1), payout_id(PERSON, key, 2), claim_id(PERSON, key, 1)}
    assert len(ids) == 3
