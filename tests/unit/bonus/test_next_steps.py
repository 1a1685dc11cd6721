"""One thing is next about an instalment, and the most pressing of several."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.bonus.domain.assessment import Missing, Reason, Status
from services.bonus.domain.differences import Line
from services.bonus.domain.next_steps import NextStep, next_step
from services.bonus.domain.payouts import Claim, ClaimState, Money, Payout

DUE = Line(date(2017, 3, 1), 2_000_000, Status.DUE, None, (), "O6", "integrationsloven § 46")
PAID = Payout("p", "i", 1, 2_000_000, settled_ore=2_000_000)
ORDERED = Payout("p", "i", 1, 2_000_000)
CLAIM = Claim("c", "i", 1, 500_000)


def refused(status: Status, reason: Reason) -> Line:
    return replace(DUE, status=status, reason=reason, amount_ore=0)


@pytest.mark.parametrize(
    ("line", "money", "step"),
    [
        (replace(DUE, status=Status.PENDING), Money(), NextStep.AWAIT_MILESTONE),
        (
            replace(DUE, status=Status.AWAITING, missing=(Missing.APPLICATION,)),
            Money(),
            NextStep.APPLY,
        ),
        (
            replace(
                DUE, status=Status.AWAITING, missing=(Missing.APPLICATION, Missing.CONFIRMATION)
            ),
            Money(),
            NextStep.APPLY,
        ),
        (
            replace(DUE, status=Status.AWAITING, missing=(Missing.CERTIFICATE,)),
            Money(),
            NextStep.SEND_PAPERS,
        ),
        (refused(Status.REVIEW, Reason.SECTOR_UNKNOWN), Money(), NextStep.AWAIT_CASEWORKER),
        (DUE, Money(), NextStep.AWAIT_PAYMENT),
        (DUE, Money((ORDERED,)), NextStep.AWAIT_PAYMENT),
        (DUE, Money((replace(PAID, returned_ore=1),)), NextStep.AWAIT_PAYMENT),
        (DUE, Money((PAID,)), NextStep.PAID),
        (refused(Status.REFUSED, Reason.TIME_BARRED), Money(), NextStep.REFUSED),
        (DUE, Money((PAID,), (CLAIM,)), NextStep.AWAIT_CASEWORKER),
        (DUE, Money((PAID,), (replace(CLAIM, state=ClaimState.UPHELD),)), NextStep.PAY_BACK),
        (DUE, Money((PAID,), (replace(CLAIM, state=ClaimState.DROPPED),)), NextStep.PAID),
        (
            replace(DUE, amount_ore=1_500_000),
            Money((PAID,), (replace(CLAIM, state=ClaimState.UPHELD, recovered_ore=500_000),)),
            NextStep.PAID,
        ),
    ],
)
def test_what_is_next(line: Line, money: Money, step: NextStep) -> None:
    assert next_step(line, money) is step
