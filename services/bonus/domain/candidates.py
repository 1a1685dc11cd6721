"""What one milestone of one spell gives by itself: its tests in order, and their outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from services.bonus.domain.assessment import Missing, Reason, Status
from services.bonus.domain.findings import FAILED, MISSING, RAISED, Finding
from services.bonus.domain.milestone_tests import (
    already_paid,
    ended_before_milestone,
    hours_not_over_19,
    igu_not_completed,
    igu_practice_below_25,
    time_barred,
)
from services.bonus.domain.papers import application, certificate, confirmation, schooling
from services.bonus.domain.reviews import (
    answer_to,
    igu_prior_employment,
    person_scope,
    sector_unknown,
)
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

REFUSED: Final = Status.REFUSED
REVIEW: Final = Status.REVIEW
PENDING: Final = Status.PENDING
AWAITING: Final = Status.AWAITING
DUE: Final = Status.DUE

Test = Callable[[Situation], Finding]


class Agenda(NamedTuple):
    """What is asked about one milestone, in the order it counts."""

    tests: tuple[tuple[Reason, Test], ...]
    """The first that fails refuses the instalment."""
    reviews: tuple[tuple[Reason, Test], ...]
    """The first that is raised and stands leaves it to a caseworker."""
    papers: tuple[tuple[Missing, Test], ...]
    """A reached milestone waits for those that are missing."""


AT_THE_START: Final = (
    (Reason.ANNULLED, annulled),
    (Reason.EMPLOYER_PUBLIC, employer_public),
    (Reason.PERSON_NOT_COVERED, person_not_covered),
    (Reason.HIRED_BEFORE_PERMIT, hired_before_permit),
    (Reason.OUTSIDE_WINDOW, outside_window),
)
AGED: Final = (
    (Reason.IGU_AGE, igu_age),
    (Reason.IGU_RESIDENCE_TOO_LONG, igu_residence_too_long),
)
LASTING: Final = (
    (Reason.ENDED_BEFORE_MILESTONE, ended_before_milestone),
    (Reason.ALREADY_PAID, already_paid),
)
COMPLETED: Final = (
    (Reason.IGU_NOT_COMPLETED, igu_not_completed),
    (Reason.IGU_PRACTICE_BELOW_25, igu_practice_below_25),
)
IN_TIME: Final = ((Reason.TIME_BARRED, time_barred),)
KNOWN: Final = ((Reason.PERSON_SCOPE, person_scope), (Reason.SECTOR_UNKNOWN, sector_unknown))
NEWCOMER: Final = ((Reason.IGU_PRIOR_EMPLOYMENT, igu_prior_employment),)
APPLIED: Final = ((Missing.APPLICATION, application),)

ORDINARY_AGENDA: Final = Agenda(
    tests=(
        *AT_THE_START,
        (Reason.PERMIT_OLDER_THAN_2Y, permit_older_than_2y),
        *LASTING,
        (Reason.HOURS_NOT_OVER_19, hours_not_over_19),
        *IN_TIME,
    ),
    reviews=KNOWN,
    papers=(*APPLIED, (Missing.CONFIRMATION, confirmation)),
)
IGU_AGENDA: Final = Agenda(
    tests=(*AT_THE_START, *AGED, *LASTING, *IN_TIME),
    reviews=(*KNOWN, *NEWCOMER),
    papers=APPLIED,
)
IGU_COMPLETION_AGENDA: Final = Agenda(
    tests=(*AT_THE_START, *AGED, *LASTING, *COMPLETED, *IN_TIME),
    reviews=(*KNOWN, *NEWCOMER),
    papers=(*APPLIED, (Missing.CERTIFICATE, certificate), (Missing.SCHOOLING, schooling)),
)
"""Of the milestone that a course must be completed for."""


class Candidate(NamedTuple):
    """One milestone of one spell, judged."""

    situation: Situation
    status: Status
    amount_dkk: int
    """The price unless refused or under review."""
    amount: Parameter[int] | None = None
    """The parameter the price comes from."""
    tested: Reason | None = None
    """The test that refuses it or sends it to review."""
    reason: Reason | None = None
    """Why it is refused or under review: the test, or that its review was refused."""
    missing: tuple[Missing, ...] = ()
    keeper: Candidate | None = None
    """The candidate that earns the same and was there first."""
    before_ceiling: int | None = None
    """Where the ceiling was asked: the amounts of the lines before it."""


def agenda_of(situation: Situation) -> Agenda:
    """What is asked, by scheme and milestone."""
    if situation.is_ordinary:
        return ORDINARY_AGENDA
    return IGU_COMPLETION_AGENDA if situation.milestone == EXTENDED_MILESTONE else IGU_AGENDA


def candidate_of(situation: Situation) -> Candidate:
    """Judge one milestone: refused, review, pending, awaiting, due; the first applies."""
    tests, reviews, papers = agenda_of(situation)
    for reason, test in tests:
        if test(situation)[0] is FAILED:
            return refused(situation, reason)
    standing: Reason | None = None
    for reason, review in reviews:
        if review(situation)[0] is not RAISED:
            continue
        answer = answer_to(situation, reason)
        if answer is FAILED:
            return refused(situation, reason, Reason.REVIEW_REFUSED)
        if answer is RAISED and standing is None:
            standing = reason
    if standing is not None:
        return Candidate(situation, REVIEW, 0, tested=standing, reason=standing)
    amount = amount_of(situation)
    assert amount is not None, "without a permit date the line is under review"
    amount_dkk = amount.on(situation.spell.start)
    if not situation.is_reached:
        return Candidate(situation, PENDING, amount_dkk, amount)
    missing = tuple(
        [paper for paper, test in papers if test(situation)[0] is MISSING],
    )
    if missing:
        return Candidate(situation, AWAITING, amount_dkk, amount, missing=missing)
    return Candidate(situation, DUE, amount_dkk, amount)


def refused(situation: Situation, tested: Reason, reason: Reason | None = None) -> Candidate:
    """A candidate that fails a test, for the reason of that test unless another is given."""
    return Candidate(situation, REFUSED, 0, tested=tested, reason=reason or tested)


def amount_of(situation: Situation) -> Parameter[int] | None:
    """Find the amount: in IGU the same for all, else by the permit's age at the hire."""
    rules = situation.rules
    if not situation.is_ordinary:
        return rules.igu.amount
    permit = situation.person.permit_granted_on
    if permit is None:
        return None
    start = situation.spell.start
    early = rules.ordinary.early_permit_age.on(start)
    return rules.ordinary.early_amount if early.holds(permit, start) else rules.ordinary.late_amount
