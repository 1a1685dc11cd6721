"""What an instalment waits for: what is missing, who can supply it, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.bonus.domain.assessment import Check, Instalment, Missing, Reason, Status, Verdict
from services.bonus.domain.rules import Rules

CASEWORKER: Final = "caseworker"
COMPANY: Final = "company"
MUNICIPALITY: Final = "municipality"


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that keeps an instalment from being due, beside the passing of time."""

    missing: Missing | Reason
    """A paper, or the review that stands."""
    suppliers: tuple[str, ...]
    """`company`, `municipality` or `caseworker`: whoever of them can supply it."""
    until: date | None
    """The last day for it; None where the law sets none."""


def waits_of(instalment: Instalment, checks: Iterable[Check], rules: Rules) -> tuple[Wait, ...]:
    """List what is missing, for a reached milestone and for one that lies ahead.

    `checks` are the instalment's own, as it explains them. Only an application has a last day
    (forældelsesloven § 3, stk. 1); papers and decisions have none of their own. A refused
    instalment waits for nothing.
    """
    if instalment.status is Status.REVIEW:
        raised = [Reason(c.code) for c in checks if c.verdict is Verdict.RAISED]
        return tuple(Wait(review, _who_settles(review), None) for review in raised)
    if instalment.status not in (Status.AWAITING, Status.PENDING):
        return ()
    limit = rules.shared.application_limit.on(instalment.start)
    papers = [Missing(each.code) for each in checks if each.verdict is Verdict.MISSING]
    return tuple(
        Wait(
            missing=paper,
            suppliers=_who_supplies(paper),
            until=limit.last_day(instalment.due_on) if paper is Missing.APPLICATION else None,
        )
        for paper in papers
    )


def _who_supplies(paper: Missing) -> tuple[str, ...]:
    """The company holds every paper; hours and courses a municipality can report as well."""
    return (COMPANY,) if paper is Missing.APPLICATION else (COMPANY, MUNICIPALITY)


def _who_settles(review: Reason) -> tuple[str, ...]:
    """A caseworker decides; a person's dates the municipality can also tell."""
    return (CASEWORKER, MUNICIPALITY) if review is Reason.PERSON_SCOPE else (CASEWORKER,)
