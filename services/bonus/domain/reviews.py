"""What is left to a caseworker, and what a caseworker has decided."""

from __future__ import annotations

from services.bonus.domain.assessment import Reason, Verdict
from services.bonus.domain.days import months_after
from services.bonus.domain.findings import ACCEPTED, FAILED, PASSED, RAISED, Finding, always
from services.bonus.domain.placements import Placement
from services.bonus.domain.situations import Situation
from services.bonus.domain.spells import ORDINARY

ALL_KNOWN = always(PASSED, "everything asked is known")
SECTOR_KNOWN = always(PASSED, "the sector is known")


def person_scope(situation: Situation) -> Finding:
    """The person's category and dates are known, and the category needs no judgement."""
    person = situation.person
    needed: dict[str, object] = {
        "category": person.category,
        "permit_granted_on": person.permit_granted_on,
    }
    if not situation.is_ordinary:
        needed |= {"born_on": person.born_on, "resident_since": person.resident_since}
    doubts = [f"{name} not known" for name, value in needed.items() if value is None]
    if situation.is_ordinary:
        unsettled = situation.rules.ordinary.for_review.on(situation.spell.start)
        if person.category in unsettled:
            doubts.append(f"whether the act covers category {person.category} is not settled")
    if not doubts:
        return ALL_KNOWN
    return RAISED, lambda: ("; ".join(doubts), person.facts_for(*needed))


def sector_unknown(situation: Situation) -> Finding:
    """The payee's sector on the milestone's date is known."""
    sector = situation.sector
    if sector.is_known:
        return SECTOR_KNOWN
    report = sector.report
    shown = "no report is valid" if report is None else f"reported as {report.sector}"
    return RAISED, lambda: (
        f"employer {situation.payee.employer} on {situation.due_on}: {shown}",
        () if report is None else (report,),
    )


def igu_prior_employment(situation: Situation) -> Finding:
    """The trainee was not ordinarily employed by the course's first employer before it."""
    first = situation.spell.placements[0]
    start = situation.spell.start
    months = situation.rules.igu.prior_employment_months.on(start)
    since = None if months is None else months_after(start, -months)

    def bars(other: Placement) -> bool:
        is_prior = (
            other.kind == ORDINARY
            and other.annulled_by is None
            and other.employer == first.employer
            and other.started_on < start
        )
        return is_prior and (since is None or other.last_day >= since)

    prior = [other for other in situation.picture.placements if bars(other)]

    def within() -> str:
        return "before the course" if since is None else f"before the course, since {since}"

    if not prior:
        return PASSED, lambda: (f"no ordinary job {within()}", ())
    last = prior[-1]
    return RAISED, lambda: (
        f"ordinary job from {last.started_on} at {first.employer} {within()} on {start}",
        (*last.started_by, *last.ended_by),
    )


def answer_to(situation: Situation, review: Reason) -> Verdict:
    """What became of a review that was raised: the last decision on it counts, if there is one."""
    decision = situation.decision_on(review)
    if decision is None:
        return RAISED
    if decision.outcome != "accepted":
        return FAILED
    if (
        review is Reason.PERSON_SCOPE
        and situation.is_ordinary
        and situation.person.permit_granted_on is None
    ):
        # The price depends on the permit date: nobody can accept an amount that isn't known.
        return RAISED
    return ACCEPTED
