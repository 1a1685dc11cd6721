"""The reviews of an instalment, open or decided, and what a caseworker may still decide on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.bonus.domain.assessment import Check, Instalment, Reason, Verdict
from services.bonus.domain.facts import ReviewDecided
from services.bonus.domain.spells import ORDINARY

ASKED: Final = (Verdict.RAISED, Verdict.ACCEPTED)
"""How the test of a review that was raised comes out; when refused it goes by another code."""


@dataclass(frozen=True, slots=True)
class Review:
    """One thing the rules left to a caseworker."""

    reason: Reason
    check: Check
    """The comparison that raised it, with the decision if there is one."""
    decision: ReviewDecided | None
    """The last one taken."""
    is_open: bool
    """Whether the instalment still waits for it."""

    @property
    def state(self) -> str:
        """`open`, or the outcome of the decision that holds."""
        return "open" if self.is_open or self.decision is None else self.decision.outcome


def reviews_of(checks: Iterable[Check]) -> tuple[Review, ...]:
    """List every review that an instalment's checks raised, also those that were decided."""
    return tuple(
        Review(_reason_of(check, decision), check, decision, check.verdict is Verdict.RAISED)
        for check in checks
        if check.verdict in ASKED or check.code is Reason.REVIEW_REFUSED
        for decision in [_decision_in(check)]
    )


def objection(instalment: Instalment, review: Review, outcome: str) -> str | None:
    """Why a review can't be decided so, with the remedy; None when it can.

    A decision may be taken again with the other outcome: the last one counts.
    """
    decision = review.decision
    if decision is not None and decision.outcome == outcome and not review.is_open:
        return f"It was {outcome} on {decision.decided_on}; only the other outcome is left."
    needs_the_permit = review.reason is Reason.PERSON_SCOPE and instalment.scheme == ORDINARY
    if outcome == "accepted" and needs_the_permit and instalment.price is None:
        return (
            "The amount depends on the day the permit was granted, which is not known: have the"
            " municipality report it, or refuse."
        )
    return None


def _decision_in(check: Check) -> ReviewDecided | None:
    return next((fact for fact in check.facts if isinstance(fact, ReviewDecided)), None)


def _reason_of(check: Check, decision: ReviewDecided | None) -> Reason:
    """A review that was refused goes by another code: its decision says which it was."""
    if check.code is Reason.REVIEW_REFUSED and decision is not None:
        return Reason(decision.review)
    return Reason(check.code)
