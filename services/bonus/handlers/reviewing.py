"""A caseworker's answer to what the rules left open: a fact like others, and what follows from it.

A refusal is told as a sentence for the person who asked; nothing is changed then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from services.bonus.domain.assessment import Assessment, Instalment
from services.bonus.domain.deciding import Review, objection, reviews_of
from services.bonus.domain.differences import line_key
from services.bonus.handlers.assessing import assess_known, assess_persons, load_facts, seen_on
from services.bonus.handlers.deciding import NothingToDecideError
from services.bonus.store import cases, facts, reviews
from services.bonus.store.cases import StoredInstalment
from services.bonus.store.facts import StoredFact
from shared.contracts.bonus import ReviewDecided
from shared.contracts.fields import Decision, Milestone, ReviewReason, Scheme
from shared.messaging.work import Cause, Work
from shared.values.persons import is_reference

NO_SUCH_REVIEW = "No review has this id."
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OpenedReview:
    """A review of a stored instalment, as the facts raise it."""

    review_id: str
    instalment: StoredInstalment
    assessed: Instalment
    review: Review


def review_id(instalment_id: str, reason: str) -> str:
    """The id a review is decided by: of one instalment, for one reason, whenever it is raised."""
    return f"{instalment_id}.{reason}"


def reviews_among(
    stored: Sequence[StoredInstalment], assessment: Assessment
) -> Iterator[OpenedReview]:
    """The reviews of these instalments of one person, open or decided, as assessed."""
    assessed = {line_key(each): each for each in assessment.instalments}
    for instalment in sorted(stored, key=lambda each: each.line.due_on):
        line = assessed.get(instalment.key)
        if line is None:
            continue
        for review in reviews_of(line.checks):
            identity = review_id(instalment.instalment_id, review.reason.value)
            yield OpenedReview(identity, instalment, line, review)


async def decide_review(
    work: Work, review: str, outcome: Decision, *, reason: str, decided_by: str
) -> StoredInstalment | str:
    """Accept or refuse what a review asks: the instalment as it stands then, or why that can't be.

    Raises NothingToDecideError.
    """
    written, _, asked = review.partition(".")
    instalment_id = written.lower()
    person = await _person_of(work, instalment_id)
    locked = await facts.lock_persons(work.connection, [person])
    known = (await load_facts(work.connection, [person]))[person]
    stored = await cases.get_instalment(work.connection, person, instalment_id)
    raised = list(reviews_among([stored], assess_known(known, as_of=seen_on(work, locked))))
    found = next((each for each in raised if each.review.reason.value == asked), None)
    if found is None:
        raise NothingToDecideError(
            f"{NO_SUCH_REVIEW} The facts raise: {', '.join(each.review_id for each in raised)}."
            if raised
            else f"{NO_SUCH_REVIEW} The facts raise none of this instalment."
        )
    why_not = objection(found.assessed, found.review, outcome)
    if why_not is not None:
        return why_not
    fact_id = await _record(work, found, outcome)
    await reviews.insert_decision(
        work.connection,
        fact_id,
        instalment_id=instalment_id,
        review=asked,
        outcome=outcome,
        reason=reason,
        decided_by=decided_by,
        decided_at=work.now,
    )
    await assess_persons(work, locked, {person: Cause(fact_id, fact_id)})
    return await cases.get_instalment(work.connection, person, instalment_id)


async def _person_of(work: Work, instalment_id: str) -> str:
    known = is_reference(instalment_id)
    person = await reviews.find_person(work.connection, instalment_id) if known else None
    if person is None:
        raise NothingToDecideError(NO_SUCH_REVIEW)
    return person


async def _record(work: Work, found: OpenedReview, outcome: Decision) -> str:
    """Keep the decision as a fact, and tell of it; the fact's id."""
    case = found.instalment.case
    event = ReviewDecided(
        case=case.case_id,
        scheme=cast("Scheme", case.scheme),
        employer=case.employer,
        milestone=cast("Milestone", found.instalment.milestone),
        review=cast("ReviewReason", found.review.reason.value),
        outcome=outcome,
        decided_on=work.today,
    )
    recorded_at = _after_the_last(found.review, work.now)
    fact_id = work.publish(event, occurred_at=recorded_at)
    content = {
        "person": case.person,
        "employer": case.employer,
        "scheme": case.scheme,
        "milestone": event.milestone,
        "review": event.review,
        "outcome": outcome,
        "decided_on": work.today.isoformat(),
    }
    stored = StoredFact(fact_id, "ReviewDecided", content, recorded_at, person=case.person)
    await facts.insert_facts(work.connection, [stored])
    return fact_id


def _after_the_last(review: Review, now: datetime) -> datetime:
    """The last decision recorded is the one that counts, also where clocks differ."""
    last = review.decision.recorded_at if review.decision is not None else None
    return now if last is None else max(now, last + INSTANT)
