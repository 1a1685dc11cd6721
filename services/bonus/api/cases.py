"""Bonus over HTTP: applying for an instalment, and looking at cases with their explanation.

A company sees its own cases, a municipality those of persons it placed; what is not the caller's
to know of does not exist for it (404).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from services.bonus.domain import repayments
from services.bonus.handlers import applying, deciding, reading, reviewing
from services.bonus.handlers.applying import NoSuchPlacementError, NotFiled
from services.bonus.handlers.deciding import NothingToDecideError
from services.bonus.handlers.reading import scope_of
from services.bonus.store.cases import CASES_LISTED_MAX, BonusCase
from shared.contracts.base import Contract
from shared.contracts.fields import (
    Cvr,
    Day,
    Decision,
    Milestone,
    Ore,
    PlacementId,
    ShortText,
)
from shared.messaging.work import Work
from shared.runtime.service import ServiceContext
from shared.web.body import FromJson
from shared.web.days import AskedDay
from shared.web.idempotency import TAKES_KEY, Answer, answer_once
from shared.web.identity import Identity, allow
from shared.web.problems import invalid, not_found

Applicant = Annotated[Identity, Depends(allow("company", "caseworker"))]
Reader = Annotated[
    Identity, Depends(allow("company", "municipality", "caseworker", "approver", "finance"))
]


LISTED: Final = f"""At most {CASES_LISTED_MAX} cases, by employer. `has_more` says whether others
were left out: narrow the list by employer, person or placement to reach them."""


class ApplicationRequest(Contract):
    """What a company applies for."""

    placement: PlacementId = Field(description="Id of the placement, `<sender>/<their id>`.")
    milestone: Milestone = Field(description="M6 and M12 (ordinary), or M6 and M24 (IGU).")
    filed_on: Day | None = Field(
        default=None,
        description="Day a paper application was filed; for caseworkers only. Absent = today.",
    )


Decider = Annotated[Identity, Depends(allow("caseworker"))]


class ClaimDecision(Contract):
    """What a caseworker decides on a repayment claim."""

    outcome: Literal["upheld", "lowered", "dropped"] = Field(description="The decision.")
    amount_ore: Ore = Field(description="What remains claimed, in øre; 0 when dropped.")
    reason: ShortText = Field(description="Why; kept with the decision, and never published.")
    bad_faith: bool = Field(
        default=False, description="Whether the company acted in bad faith: time has not run then."
    )


class ReviewDecision(Contract):
    """What a caseworker answers to what the rules left open."""

    outcome: Decision = Field(description="Whether the bonus may be paid all the same.")
    reason: ShortText = Field(description="Why; kept with the decision, and never published.")


class ReleaseRequest(Contract):
    """Why a stopped payout may be ordered again."""

    reason: ShortText = Field(description="Why; kept with the payout.")


def router(context: ServiceContext) -> APIRouter:
    """The routes below `/bonus/v1`."""
    routes = APIRouter(prefix="/bonus/v1", tags=["bonus"])
    _add_applications(routes, context)
    _add_cases(routes, context)
    _add_decisions(routes, context)
    return routes


def _add_decisions(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(
        "/reviews/{review}/decision",
        summary="Accept or refuse what a review asks",
        openapi_extra=TAKES_KEY,
    )
    async def decide_review(
        request: Request, review: str, asked: FromJson[ReviewDecision], caller: Decider
    ) -> Response:
        async with context.begin() as work:
            return await answer_once(
                work, caller, request, lambda: _decide_review(work, review, asked, caller)
            )

    @routes.post(
        "/claims/{claim}/decision",
        summary="Uphold, lower or drop a repayment claim",
        openapi_extra=TAKES_KEY,
    )
    async def decide(
        request: Request, claim: str, asked: FromJson[ClaimDecision], caller: Decider
    ) -> Response:
        async with context.begin() as work:
            return await answer_once(
                work, caller, request, lambda: _decide(work, claim, asked, caller)
            )

    @routes.post(
        "/payouts/{payout}/release",
        summary="Let a stopped payout be ordered again",
        openapi_extra=TAKES_KEY,
    )
    async def release(
        request: Request, payout: str, asked: FromJson[ReleaseRequest], caller: Decider
    ) -> Response:
        async with context.begin() as work:
            return await answer_once(
                work, caller, request, lambda: _release(work, payout, asked, caller)
            )


async def _decide_review(
    work: Work, review: str, asked: ReviewDecision, caller: Identity
) -> Answer:
    try:
        outcome = await reviewing.decide_review(
            work, review, asked.outcome, reason=asked.reason, decided_by=caller.subject
        )
    except NothingToDecideError as nothing:
        raise not_found(str(nothing)) from nothing
    if isinstance(outcome, str):
        raise invalid(outcome)
    return Answer(
        {
            "review": review,
            "case": outcome.case.case_id,
            "milestone": outcome.milestone,
            "outcome": asked.outcome,
            "decided_on": work.today,
            "status": outcome.line.status,
            "reason": outcome.line.reason,
            "amount_ore": outcome.line.amount_ore,
        },
        200,
    )


async def _decide(work: Work, claim: str, asked: ClaimDecision, caller: Identity) -> Answer:
    decision = repayments.Decision(asked.outcome, asked.amount_ore, asked.bad_faith)
    try:
        outcome = await deciding.decide_claim(
            work, claim, decision, reason=asked.reason, decided_by=caller.subject
        )
    except NothingToDecideError as nothing:
        raise not_found(str(nothing)) from nothing
    if isinstance(outcome, str):
        raise invalid(outcome)
    return Answer(
        {
            "claim": claim,
            "state": outcome.claim.state,
            "amount_ore": outcome.claim.amount_ore,
            "waived_ore": outcome.claim.waived_ore,
        },
        200,
    )


async def _release(work: Work, payout: str, asked: ReleaseRequest, caller: Identity) -> Answer:
    try:
        why_not = await deciding.release_payout(
            work, payout, reason=asked.reason, released_by=caller.subject
        )
    except NothingToDecideError as nothing:
        raise not_found(str(nothing)) from nothing
    if why_not is not None:
        raise invalid(why_not)
    return Answer({"payout": payout, "released": True}, 200)


def _add_applications(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(
        "/applications",
        status_code=201,
        summary="Apply for one milestone's instalment",
        openapi_extra=TAKES_KEY,
    )
    async def apply(
        request: Request, asked: FromJson[ApplicationRequest], caller: Applicant
    ) -> Response:
        async with context.begin() as work:
            return await answer_once(work, caller, request, lambda: _apply(work, asked, caller))


async def _apply(work: Work, asked: ApplicationRequest, caller: Identity) -> Answer:
    try:
        filed = await applying.apply(
            work,
            caller,
            placement=asked.placement,
            milestone=asked.milestone,
            filed_on=asked.filed_on,
        )
    except NoSuchPlacementError as unknown:
        raise not_found(str(unknown)) from unknown
    if isinstance(filed, NotFiled):
        raise invalid(filed.why, rule=filed.rule)
    return Answer(
        {
            "case": filed.case.case_id,
            "placement": filed.placement.placement,
            "milestone": filed.milestone,
            "filed_on": filed.filed_on,
            "status": await applying.status_after(work, filed),
        },
        201,
    )


def _add_cases(routes: APIRouter, context: ServiceContext) -> None:
    @routes.get("/cases", summary="Bonus cases the caller may know of", description=LISTED)
    async def list_cases(
        caller: Reader,
        placement: Annotated[PlacementId | None, Query()] = None,
        person: Annotated[str | None, Query(max_length=36)] = None,
        employer: Annotated[Cvr | None, Query()] = None,
    ) -> dict[str, object]:
        async with context.begin() as work:
            found, has_more = await reading.list_visible_cases(
                work, scope_of(caller), employer=employer, person=person, placement=placement
            )
        return {"cases": found, "has_more": has_more}

    @routes.get("/cases/{case}", summary="One case: its instalments, and why")
    async def show_case(
        case: str,
        caller: Reader,
        as_of: Annotated[AskedDay | None, Query(description="Seen on; absent = today.")] = None,
        known_on: Annotated[AskedDay | None, Query(description="Known by; absent = now.")] = None,
    ) -> dict[str, object]:
        async with context.begin() as work:
            found = await visible_case(work, case, caller)
            return await reading.explain_case(
                work, found, scope_of(caller), as_of=as_of, known_on=known_on
            )


async def visible_case(work: Work, case: str, caller: Identity) -> BonusCase:
    """The case, if there is one and the caller may know of it. Raises Problem 404."""
    found = await reading.find_visible_case(work, scope_of(caller), case)
    if found is None:
        raise not_found("No bonus case has this id.")
    return found
