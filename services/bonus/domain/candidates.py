"""What one milestone of one spell gives by itself: its tests in order, and their outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.bonus.domain.assessment import Check, Missing, Price, Reason, Status, Verdict
from services.bonus.domain.milestone_tests import (
    already_paid,
    ended_before_milestone,
    hours_not_over_19,
    igu_not_completed,
    igu_practice_below_25,
    time_barred,
)
from services.bonus.domain.papers import application, certificate, confirmation, schooling
from services.bonus.domain.persons import PersonFact
from services.bonus.domain.reviews import igu_prior_employment, person_scope, sector_unknown
from services.bonus.domain.rules import Parameter
from services.bonus.domain.situations import Situation
from services.bonus.domain.spells import EXTENDED_MILESTONE
from services.bonus.domain.start_tests import (
    annulled,
    employer_public,
    hired_before_permit,
    igu_age,
    igu_residence_too_long,
    outside_window,
    permit_older_than_2y,
    person_not_covered,
)

Test = Callable[[Situation], Check]

ORDINARY_TESTS: Final[tuple[Test, ...]] = (
    annulled,
    employer_public,
    person_not_covered,
    hired_before_permit,
    outside_window,
    permit_older_than_2y,
    ended_before_milestone,
    already_paid,
    hours_not_over_19,
    time_barred,
    person_scope,
    sector_unknown,
    application,
    confirmation,
)
IGU_TESTS: Final[tuple[Test, ...]] = (
    annulled,
    employer_public,
    person_not_covered,
    hired_before_permit,
    outside_window,
    igu_age,
    igu_residence_too_long,
    ended_before_milestone,
    already_paid,
    igu_not_completed,
    igu_practice_below_25,
    time_barred,
    person_scope,
    sector_unknown,
    igu_prior_employment,
    application,
    certificate,
    schooling,
)
OF_COMPLETION: Final = frozenset({igu_not_completed, igu_practice_below_25, certificate, schooling})
"""Tests of the milestone that a course must be completed for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One milestone of one spell, judged."""

    situation: Situation
    price: Price | None
    checks: tuple[Check, ...]
    status: Status
    deciding: Check | None
    """The test that refuses it or sends it to review."""
    missing: tuple[Missing, ...]

    @property
    def reason(self) -> Reason | None:
        """Why it is refused or under review."""
        return None if self.deciding is None else Reason(self.deciding.code)

    @property
    def amount_dkk(self) -> int:
        """The price unless refused or under review."""
        if self.deciding is not None:
            return 0
        assert self.price is not None, "without a permit date the line is under review"
        return self.price.amount_dkk


def candidate_of(situation: Situation) -> Candidate:
    """Run every test of the scheme and milestone, also after one has failed."""
    tests = ORDINARY_TESTS if situation.is_ordinary else IGU_TESTS
    if situation.milestone != EXTENDED_MILESTONE:
        tests = tuple(test for test in tests if test not in OF_COMPLETION)
    return judged(situation, price_of(situation), tuple(test(situation) for test in tests))


def judged(situation: Situation, price: Price | None, checks: tuple[Check, ...]) -> Candidate:
    """Read the status off the tests: refused, review, pending, awaiting, due; the first applies."""
    failed = [check for check in checks if check.verdict is Verdict.FAILED]
    raised = [check for check in checks if check.verdict is Verdict.RAISED]
    lacking = [check for check in checks if check.verdict is Verdict.MISSING]
    deciding: Check | None = None
    missing: tuple[Missing, ...] = ()
    if failed:
        status, deciding = Status.REFUSED, failed[0]
    elif raised:
        status, deciding = Status.REVIEW, raised[0]
    elif not situation.is_reached:
        status = Status.PENDING
    elif lacking:
        status, missing = Status.AWAITING, tuple(Missing(check.code) for check in lacking)
    else:
        status = Status.DUE
    return Candidate(situation, price, checks, status, deciding, missing)


def price_of(situation: Situation) -> Price | None:
    """Find the amount: in IGU the same for all, else by the permit's age at the hire."""
    start = situation.spell.start
    rules = situation.picture.rules
    if not situation.is_ordinary:
        return _price(situation, rules.igu.amount, "the same for every course")
    permit = situation.picture.person.permit_granted_on
    if permit is None:
        return None
    early = rules.ordinary.early_permit_age.on(start)
    amount = (
        rules.ordinary.early_amount if early.holds(permit, start) else rules.ordinary.late_amount
    )
    permit_told = situation.picture.person.facts_for("permit_granted_on")
    return _price(situation, amount, f"hire {early.written(permit, start)}", permit_told)


def _price(
    situation: Situation,
    amount: Parameter[int],
    arithmetic: str,
    facts: tuple[PersonFact, ...] = (),
) -> Price:
    source = amount.source_on(situation.spell.start)
    return Price(
        amount_dkk=amount.on(situation.spell.start),
        rule=source.rule,
        law=source.law,
        arithmetic=arithmetic,
        facts=facts,
    )
