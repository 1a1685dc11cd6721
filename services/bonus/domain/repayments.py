"""A repayment claim's entries, its time-bar, and a caseworker's decision on it.

No act says how a bonus paid in error is claimed back: general principles hold (the payer's error,
the payee's good faith, limitation), so a person decides each claim, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from services.bonus.domain.payouts import (
    ChangeClaim,
    Claim,
    ClaimState,
    CloseClaim,
    RaiseClaim,
)
from services.bonus.domain.postings import Account, Entry, EntryKind, entry
from services.bonus.domain.rules import Rules
from shared.values.money import ORE_PER_KRONE

Outcome = Literal["upheld", "lowered", "dropped"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a caseworker decides on a claim."""

    outcome: Outcome
    amount_ore: int
    """What remains claimed; 0 when dropped."""
    bad_faith: bool = False
    """The company knew, or must have known, so that time has not run."""


def time_barred_after(last_paid_on: date, rules: Rules) -> date:
    """The last day on which money paid then may be claimed back, unless there was bad faith.

    Three years from the payment, by the parameter `shared.repayment_limit` (forældelsesloven § 3,
    stk. 1).
    """
    return rules.shared.repayment_limit.on(last_paid_on).last_day(last_paid_on)


def objection(claim: Claim, decision: Decision, *, today: date, barred_after: date) -> str | None:
    """Why the decision can't be taken; None when it can."""
    if not claim.is_live:
        return f"The claim is {claim.state.value}: there is nothing left to decide."
    if decision.outcome == "upheld" and decision.amount_ore != claim.amount_ore:
        return f"The claim is now {claim.amount_ore} øre; look again before you uphold it."
    if decision.outcome == "lowered" and not (
        max(claim.recovered_ore, 1) <= decision.amount_ore < claim.amount_ore
    ):
        return (
            f"Lower it to less than {claim.amount_ore} øre, and no less than the"
            f" {claim.recovered_ore} øre that have come in; to claim nothing, drop it."
        )
    if decision.outcome == "lowered" and decision.amount_ore % ORE_PER_KRONE:
        return "Lower it to whole kroner: a fraction of a krone is never claimed."
    if decision.outcome != "dropped" and today > barred_after and not decision.bad_faith:
        return f"The claim was time-barred after {barred_after}, unless there was bad faith."
    return None


def decided(claim: Claim, decision: Decision, *, on: date) -> tuple[Claim, tuple[Entry, ...]]:
    """The claim after a decision nothing speaks against, and what is waived by it."""
    remaining = claim.recovered_ore if decision.outcome == "dropped" else decision.amount_ore
    waived = claim.amount_ore - remaining
    if decision.outcome == "dropped":
        state = ClaimState.DROPPED
    elif remaining == claim.recovered_ore:
        state = ClaimState.RECOVERED
    else:
        state = ClaimState.UPHELD
    after = replace(claim, amount_ore=remaining, waived_ore=claim.waived_ore + waived, state=state)
    if not waived:
        return after, ()
    postings = (Account.REPAYMENTS_WAIVED, waived), (Account.REPAYMENTS_CLAIMED, -waived)
    return after, (
        entry(claim.instalment_id, EntryKind.CLAIM_WAIVED, on, *postings, about=claim.claim_id),
    )


def claim_after(
    step: RaiseClaim | ChangeClaim | CloseClaim, *, instalment_id: str, new_id: str
) -> Claim:
    """The claim as the step leaves it; `new_id` is for one that is raised."""
    match step:
        case RaiseClaim():
            return Claim(new_id, instalment_id, step.number, step.amount_ore)
        case ChangeClaim():
            return replace(step.claim, amount_ore=step.amount_ore, state=ClaimState.PROPOSED)
        case CloseClaim(state=ClaimState.RECOVERED):
            came_in = step.claim.recovered_ore
            return replace(step.claim, amount_ore=came_in, state=step.state)
        case CloseClaim():
            return replace(step.claim, state=step.state)


def claim_entries(
    step: RaiseClaim | ChangeClaim | CloseClaim, claim: Claim, *, on: date
) -> tuple[Entry, ...]:
    """What the step posts: what is still out is claimed, or no longer claimed."""
    match step:
        case RaiseClaim():
            kind, change = EntryKind.CLAIM_RAISED, step.amount_ore
        case ChangeClaim():
            kind, change = EntryKind.CLAIM_CHANGED, step.amount_ore - step.claim.amount_ore
        case CloseClaim():
            kind, change = EntryKind.CLAIM_WITHDRAWN, -step.claim.outstanding_ore
    if not change:
        return ()
    postings = (Account.REPAYMENTS_CLAIMED, change), (Account.BONUS_PAYABLE, -change)
    return (entry(claim.instalment_id, kind, on, *postings, about=claim.claim_id),)
