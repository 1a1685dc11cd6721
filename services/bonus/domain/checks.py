"""Every test of a line written down: rule, law, what was compared, and how it came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from services.bonus.domain.assessment import (
    Check,
    Code,
    Explanation,
    Price,
    Reason,
    Verdict,
)
from services.bonus.domain.candidates import Candidate, agenda_of, amount_of
from services.bonus.domain.facts import Fact
from services.bonus.domain.findings import Finding
from services.bonus.domain.reviews import answer_to
from services.bonus.domain.rules import Parameter, Rules, Source
from services.bonus.domain.situations import Situation
from services.bonus.domain.spells import IGU, ORDINARY

PARAMETERS: Final[Mapping[tuple[str, Code], Callable[[Rules], Parameter[object]]]] = {
    (ORDINARY, Reason.PERSON_NOT_COVERED): lambda rules: rules.ordinary.covered,
    (ORDINARY, Reason.OUTSIDE_WINDOW): lambda rules: rules.ordinary.last_hire,
    (ORDINARY, Reason.PERMIT_OLDER_THAN_2Y): lambda rules: rules.ordinary.permit_age,
    (ORDINARY, Reason.HOURS_NOT_OVER_19): lambda rules: rules.ordinary.weekly_hours_over,
    (ORDINARY, Reason.TIME_BARRED): lambda rules: rules.shared.application_limit,
    (ORDINARY, Reason.OVER_40000_SAME_EMPLOYER_PERSON): lambda rules: rules.shared.ceiling,
    (IGU, Reason.PERSON_NOT_COVERED): lambda rules: rules.igu.covered,
    (IGU, Reason.OUTSIDE_WINDOW): lambda rules: rules.igu.last_start,
    (IGU, Reason.IGU_AGE): lambda rules: rules.igu.age_limit,
    (IGU, Reason.IGU_RESIDENCE_TOO_LONG): lambda rules: rules.igu.residence_limit,
    (IGU, Reason.IGU_PRACTICE_BELOW_25): lambda rules: rules.igu.weekly_practice_from,
    (IGU, Reason.TIME_BARRED): lambda rules: rules.shared.application_limit,
    (IGU, Reason.IGU_PRIOR_EMPLOYMENT): lambda rules: rules.igu.prior_employment_months,
    (IGU, Reason.OVER_40000_SAME_EMPLOYER_PERSON): lambda rules: rules.shared.ceiling,
}
"""The parameter whose rule and law a test goes by; the others stand in the table of sources."""


def source_of(situation: Situation, code: Code) -> Source:
    """Find the rule a test goes by, and the law behind it at the start."""
    parameter = PARAMETERS.get((situation.scheme, code))
    if parameter is None:
        return situation.rules.sources[situation.scheme, code]
    return parameter(situation.rules).source_on(situation.spell.start)


def explanation_of(line: Candidate) -> Explanation:
    """Run every test again, also those after one that failed, and write each down."""
    return Explanation(price=_price(line.situation), checks=tuple(_checks(line)))


def _checks(line: Candidate) -> Iterator[Check]:
    situation = line.situation
    tests, reviews, papers = agenda_of(situation)
    for reason, test in tests:
        if reason is Reason.ALREADY_PAID and line.keeper is not None:
            yield _check(situation, reason, _kept_by(line.keeper))
        else:
            yield _check(situation, reason, test(situation))
    for reason, review in reviews:
        finding = review(situation)
        is_raised = finding[0] is Verdict.RAISED
        yield (_answered if is_raised else _check)(situation, reason, finding)
    for paper, test in papers:
        yield _check(situation, paper, test(situation))
    if line.before_ceiling is not None:
        yield _against_ceiling(line, line.before_ceiling)


def _check(situation: Situation, code: Code, finding: Finding) -> Check:
    verdict, compare = finding
    arithmetic, facts = compare()
    source = source_of(situation, code)
    return Check(code, source.rule, source.law, verdict, arithmetic, tuple(facts))


def _kept_by(keeper: Candidate) -> Finding:
    situation = keeper.situation
    return Verdict.FAILED, lambda: (
        f"earned by the job from {situation.spell.start}"
        f" at {situation.payee.employer}, due {situation.due_on}",
        (),
    )


def _answered(situation: Situation, review: Reason, finding: Finding) -> Check:
    """A raised review with the last decision on it, if there is one."""
    decision = situation.decision_on(review)
    if decision is None:
        return _check(situation, review, finding)
    verdict = answer_to(situation, review)
    arithmetic, facts = finding[1]()
    arithmetic = f"{arithmetic}; {decision.outcome} on {decision.decided_on}"
    code = review
    if verdict is Verdict.FAILED:
        code, arithmetic = Reason.REVIEW_REFUSED, f"{review}: {arithmetic}"
    source = source_of(situation, review)
    return Check(code, source.rule, source.law, verdict, arithmetic, (*facts, decision))


def _against_ceiling(line: Candidate, total: int) -> Check:
    situation = line.situation
    amount = amount_of(situation)
    assert amount is not None, "only a line with an amount is held against the ceiling"
    amount_dkk = amount.on(situation.spell.start)
    ceiling = situation.rules.shared.ceiling.on(situation.spell.start)
    sum_so_far = total + amount_dkk
    holds = sum_so_far <= ceiling
    review = Reason.OVER_40000_SAME_EMPLOYER_PERSON
    words = f"{total} + {amount_dkk} = {sum_so_far} {'<=' if holds else '>'} {ceiling}"
    if holds:
        return _check(situation, review, (Verdict.PASSED, lambda: (words, ())))
    return _answered(situation, review, (Verdict.RAISED, lambda: (words, ())))


def _price(situation: Situation) -> Price | None:
    amount = amount_of(situation)
    if amount is None:
        return None
    start = situation.spell.start
    arithmetic = "the same for every course"
    facts: tuple[Fact, ...] = ()
    if situation.is_ordinary:
        permit = situation.person.permit_granted_on
        assert permit is not None, "without a permit date there is no amount"
        early = situation.rules.ordinary.early_permit_age.on(start)
        arithmetic = f"hire {early.written(permit, start)}"
        facts = situation.person.facts_for("permit_granted_on")
    source = amount.source_on(start)
    return Price(amount.on(start), source.rule, source.law, arithmetic, facts)
