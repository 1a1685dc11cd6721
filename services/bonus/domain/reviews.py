"""What is left to a caseworker, and what a caseworker has decided."""

from __future__ import annotations

from dataclasses import replace

from services.bonus.domain.assessment import Check, Reason, Verdict
from services.bonus.domain.days import months_after
from services.bonus.domain.placements import Placement
from services.bonus.domain.sectors import Standing
from services.bonus.domain.situations import Situation
from services.bonus.domain.spells import ORDINARY


def person_scope(situation: Situation) -> Check:
    """The person's category and dates are known, and the category needs no judgement."""
    person = situation.picture.person
    needed: dict[str, object] = {
        "category": person.category,
        "permit_granted_on": person.permit_granted_on,
    }
    if not situation.is_ordinary:
        needed |= {"born_on": person.born_on, "resident_since": person.resident_since}
    doubts = [f"{name} not known" for name, value in needed.items() if value is None]
    unsettled = situation.picture.rules.ordinary.for_review.on(situation.spell.start)
    if situation.is_ordinary and person.category in unsettled:
        doubts.append(f"whether the act covers category {person.category} is not settled")
    if not doubts:
        return situation.check(Reason.PERSON_SCOPE, Verdict.PASSED, "everything asked is known")
    raised = situation.check(
        Reason.PERSON_SCOPE, Verdict.RAISED, "; ".join(doubts), facts=person.facts_for(*needed)
    )
    # The price depends on the permit date: nobody can accept an amount that isn't known.
    may_be_accepted = not situation.is_ordinary or person.permit_granted_on is not None
    return decided(situation, raised, may_be_accepted=may_be_accepted)


def sector_unknown(situation: Situation) -> Check:
    """The payee's sector on the milestone's date is known."""
    if situation.sector.standing is not Standing.UNKNOWN:
        return situation.check(Reason.SECTOR_UNKNOWN, Verdict.PASSED, "the sector is known")
    report = situation.sector.report
    shown = "no report is valid" if report is None else f"reported as {report.sector}"
    raised = situation.check(
        Reason.SECTOR_UNKNOWN,
        Verdict.RAISED,
        f"employer {situation.payee.employer} on {situation.due_on}: {shown}",
        facts=() if report is None else (report,),
    )
    return decided(situation, raised)


def igu_prior_employment(situation: Situation) -> Check:
    """The trainee was not ordinarily employed by the course's first employer before it."""
    first = situation.spell.placements[0]
    start = situation.spell.start
    parameter = situation.picture.rules.igu.prior_employment_months
    months = parameter.on(start)
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
    within = "before the course" if since is None else f"before the course, since {since}"
    code = Reason.IGU_PRIOR_EMPLOYMENT
    if not prior:
        return situation.check(code, Verdict.PASSED, f"no ordinary job {within}", by=parameter)
    raised = situation.check(
        code,
        Verdict.RAISED,
        f"ordinary job from {prior[-1].started_on} at {first.employer} {within} on {start}",
        by=parameter,
        facts=(*prior[-1].started_by, *prior[-1].ended_by),
    )
    return decided(situation, raised)


def decided(situation: Situation, raised: Check, *, may_be_accepted: bool = True) -> Check:
    """Apply the last decision on a raised review: accepted, or a failing REVIEW_REFUSED."""
    decision = situation.decision_on(Reason(raised.code))
    if decision is None:
        return raised
    facts = (*raised.facts, decision)
    arithmetic = f"{raised.arithmetic}; {decision.outcome} on {decision.decided_on}"
    if decision.outcome == "accepted":
        verdict = Verdict.ACCEPTED if may_be_accepted else Verdict.RAISED
        return replace(raised, verdict=verdict, arithmetic=arithmetic, facts=facts)
    return replace(
        raised,
        code=Reason.REVIEW_REFUSED,
        verdict=Verdict.FAILED,
        arithmetic=f"{raised.code}: {arithmetic}",
        facts=facts,
    )
