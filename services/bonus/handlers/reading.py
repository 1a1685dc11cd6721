"""Looking at cases: who may know of which, and what each comes to and why, on any date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from services.bonus.assess import as_object
from services.bonus.domain.assessment import Assessment, Contradiction
from services.bonus.domain.contradictions import RULE
from services.bonus.domain.disclosure import as_told_to_employer, fact_as_told
from services.bonus.domain.facts import Fact
from services.bonus.handlers.assessing import assess_known, load_facts
from services.bonus.handlers.paying import Held, load_money
from services.bonus.handlers.recalling import list_late
from services.bonus.handlers.reviewing import OpenedReview, reviews_among
from services.bonus.store import cases, facts
from services.bonus.store.cases import BonusCase, StoredInstalment, Sums
from shared.messaging.work import Work
from shared.values.persons import is_reference
from shared.web.identity import Identity


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases somebody may know of: an employer's, a sender's persons', or all of them."""

    employer: str | None = None
    sender: str | None = None


def scope_of(caller: Identity) -> Scope:
    """What the caller may know of: its own, what it placed, or everything."""
    match caller.role:
        case "company":
            return Scope(employer=caller.cvr)
        case "municipality":
            return Scope(sender=caller.municipality)
        case _:
            return Scope()


async def list_visible_cases(
    work: Work, scope: Scope, *, employer: str | None, person: str | None, placement: str | None
) -> tuple[list[dict[str, object]], bool]:
    """The cases within the scope that fit every given filter, each with its instalments, and
    whether there are more than are listed.
    """
    if scope.employer and employer and employer != scope.employer:
        return [], False
    if person is not None and not is_reference(person):
        return [], False
    found, has_more = await cases.list_cases(
        work.connection,
        employer=employer or scope.employer,
        person=person,
        placement=placement,
        sender=scope.sender,
    )
    persons = sorted({each.person for each in found})
    stored = await cases.list_instalments(work.connection, persons)
    sums = await cases.list_sums(work.connection, persons)
    listed = [_summary(each, scope, stored.get(each.person, []), sums) for each in found]
    return listed, has_more


async def find_visible_case(work: Work, scope: Scope, case_id: str) -> BonusCase | None:
    """The case, if there is one with this id within the scope."""
    case = await cases.find_case(work.connection, case_id) if is_reference(case_id) else None
    if case is None or (scope.employer and case.employer != scope.employer):
        return None
    if scope.sender and not await facts.has_reported(work.connection, case.person, scope.sender):
        return None
    return case


async def assess_case(
    work: Work, case: BonusCase, scope: Scope, *, as_of: date | None, known_on: date | None
) -> tuple[Sequence[Fact], Assessment]:
    """Every fact about the case's person, and the case's assessment as the scope may read it:
    seen on `as_of` (today) as known on `known_on` (now).
    """
    known = (await load_facts(work.connection, [case.person]))[case.person]
    whole = assess_known(known, as_of=as_of or work.today, known_on=known_on)
    assessment = whole.of_case(case.employer, case.scheme)
    return known, as_told_to_employer(assessment, scope.employer) if scope.employer else assessment


async def explain_case(
    work: Work, case: BonusCase, scope: Scope, *, as_of: date | None, known_on: date | None
) -> dict[str, object]:
    """The case's instalments and claims, each with the rules, the law and the facts behind it."""
    _, assessment = await assess_case(work, case, scope, as_of=as_of, known_on=known_on)
    own = await cases.list_instalments_of(work.connection, case)
    milestones = {each.instalment_id: each.milestone for each in own}
    held = await load_money(work.connection, milestones)
    return {
        "case": case.case_id,
        "employer": case.employer,
        "scheme": case.scheme,
        "as_of": assessment.as_of,
        "known_on": assessment.known_on,
        **as_object(assessment, explained=True),
        "reviews": [_review(each) for each in reviews_among(own, assessment)],
        "contradictions": [
            _contradiction(each, for_employer=scope.employer is not None)
            for each in assessment.find_contradictions()
        ],
        "payouts": [each for key in held for each in _payouts(milestones[key], held[key])],
        "claims": [each for key in held for each in _claims(milestones[key], held[key])],
        "late_facts": await list_late(work, case),
    }


def _review(opened: OpenedReview) -> dict[str, object]:
    """A review, on the day the case is seen on, under the id it is decided by."""
    decision = opened.review.decision
    return {
        "review": opened.review_id,
        "milestone": opened.instalment.milestone,
        "reason": opened.review.reason,
        "state": opened.review.state,
        "decided_on": decision and decision.decided_on,
        "rule": opened.review.check.rule,
        "law": opened.review.check.law,
        "question": opened.review.check.arithmetic,
    }


def _contradiction(found: Contradiction, *, for_employer: bool) -> dict[str, object]:
    return {
        "code": found.code.value,
        "says": found.says,
        "rule": RULE,
        "law": f"docs/law.md, {RULE}",
        "facts": [fact_as_told(fact, for_employer=for_employer) for fact in found.facts],
    }


def _payouts(milestone: str, held: Held) -> list[dict[str, object]]:
    """The orders of an instalment as they stand today, whatever day the case is seen on."""
    return [
        {
            "payout": payout.payout_id,
            "milestone": milestone,
            "ordered_on": ordered_on,
            "amount_ore": payout.amount_ore,
            "settled_ore": payout.settled_ore,
            "returned_ore": payout.returned_ore + payout.recovered_ore,
            "open_ore": payout.open_ore,
            "stopped": payout.is_stopped,
        }
        for payout, ordered_on in held.payouts
    ]


def _claims(milestone: str, held: Held) -> list[dict[str, object]]:
    """The claims of an instalment as they stand today, each under the id it is decided by."""
    return [
        {
            "claim": each.claim.claim_id,
            "milestone": milestone,
            "state": each.claim.state,
            "amount_ore": each.claim.amount_ore,
            "recovered_ore": each.claim.recovered_ore,
            "waived_ore": each.claim.waived_ore,
            "reason": each.reason,
            "raised_on": each.raised_on,
            "barred_after": each.barred_after,
        }
        for each in held.claims
    ]


def _summary(
    case: BonusCase,
    scope: Scope,
    stored: Sequence[StoredInstalment],
    sums: Mapping[str, Sums],
) -> dict[str, object]:
    """A case in a list; an employer is not told the person's reference."""
    told: dict[str, object] = {
        "case": case.case_id,
        "employer": case.employer,
        "scheme": case.scheme,
        "instalments": [
            {
                "instalment": each.instalment_id,
                "milestone": each.milestone,
                "due_on": each.line.due_on,
                "amount_ore": each.line.amount_ore,
                "status": each.line.status,
                "reason": each.line.reason,
                "missing": each.line.missing,
                "accrued_ore": each.accrued.amount_ore,
                **asdict(sums.get(each.instalment_id, Sums())),
            }
            for each in sorted(stored, key=lambda each: each.line.due_on)
            if each.case == case
        ],
    }
    return told if scope.employer else {**told, "person": case.person}
