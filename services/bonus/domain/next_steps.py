"""What is to be done next about an instalment, seen from the company that is to be paid."""

from __future__ import annotations

from enum import StrEnum

from services.bonus.domain.assessment import Missing, Status
from services.bonus.domain.differences import Line
from services.bonus.domain.payouts import Money


class NextStep(StrEnum):
    """What is next, the most pressing first."""

    PAY_BACK = "pay_back"
    """A caseworker has upheld a claim."""
    APPLY = "apply"
    """The milestone is reached, and nobody has applied: the law pays on application only."""
    SEND_PAPERS = "send_papers"
    """Applied for; papers are missing that the company holds."""
    AWAIT_CASEWORKER = "await_caseworker"
    """A caseworker decides, on the instalment or on a claim that was proposed."""
    AWAIT_PAYMENT = "await_payment"
    """Due: finance is asked to pay, or a person must look why it could not."""
    AWAIT_MILESTONE = "await_milestone"
    """Not reached yet; it may be applied for already."""
    PAID = "paid"
    REFUSED = "refused"


def next_step(line: Line, money: Money) -> NextStep:
    """The one thing that is next."""
    claim = money.live_claim
    if claim is not None and claim.outstanding_ore:
        is_proposed = claim.state == "proposed"
        return NextStep.AWAIT_CASEWORKER if is_proposed else NextStep.PAY_BACK
    match line.status:
        case Status.AWAITING:
            is_applied_for = Missing.APPLICATION not in line.missing
            return NextStep.SEND_PAPERS if is_applied_for else NextStep.APPLY
        case Status.REVIEW:
            return NextStep.AWAIT_CASEWORKER
        case Status.PENDING:
            return NextStep.AWAIT_MILESTONE
        case Status.REFUSED:
            return NextStep.REFUSED
        case Status.DUE:
            is_paid = money.kept_ore >= line.amount_ore
            return NextStep.PAID if is_paid else NextStep.AWAIT_PAYMENT
