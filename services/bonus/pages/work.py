"""A caseworker's list: what the rules, finance and the facts left to a person, with its forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from services.bonus.domain.repayments import Decision, Outcome
from services.bonus.handlers import deciding, listing, reviewing
from services.bonus.handlers.deciding import NothingToDecideError
from services.bonus.pages.asking import ChosenEmployer, Kroner, ReasonedForm, ore_in, shown_next
from services.bonus.pages.words import Words
from shared.contracts.fields import Ore
from shared.messaging.work import Work
from shared.runtime.service import ServiceContext
from shared.values.money import Language
from shared.web.idempotency import Answer, submit_once
from shared.web.identity import Identity, allow_form, allow_page
from shared.web.pages import render
from shared.web.problems import invalid, not_found

PATH: Final = "/bonus/work"
TYPED_FOR_NOTHING: Final = (
    "An amount is typed, which only lowering takes: press that button, or leave the field empty."
)
Deciding = Annotated[Identity, Depends(allow_form("caseworker"))]
PAGES_MAX: Final = 10_000
Page = Annotated[int, Query(ge=1, le=PAGES_MAX)]


class WorkForm(ReasonedForm):
    """A form of the list, which is shown again as it was."""

    employer: ChosenEmployer = ""
    page: Annotated[int, Field(ge=1, le=PAGES_MAX)] = 1


class ReviewForm(WorkForm):
    """An answer to what the rules left open."""

    outcome: Literal["accepted", "refused"]


class ClaimForm(WorkForm):
    """A decision on a claim whose amount was `seen_ore` when the page was made."""

    outcome: Outcome
    seen_ore: Ore
    kroner: Kroner = ""
    bad_faith: bool = False


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    """The list, and the forms on it."""

    @routes.get(PATH, dependencies=[Depends(allow_page("caseworker"))])
    async def show(
        request: Request,
        employer: Annotated[ChosenEmployer, Query()] = "",
        page: Page = 1,
        language: Language = "en",
        done: Annotated[str, Query(max_length=20)] = "",
    ) -> HTMLResponse:
        async with context.begin() as work:
            waiting = await listing.list_work(work, employer=employer or None, page=page)
        words = Words(language)
        return render(
            request,
            "bonus/work.html",
            language=language,
            waiting=waiting,
            employer=employer,
            list_page=page,
            words=words,
            done=done,
        )

    _add_decisions(routes, context)
    _add_releases(routes, context)


def _add_decisions(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(f"{PATH}/reviews/{{review}}")
    async def decide_review(
        request: Request, review: str, caseworker: Deciding, asked: Annotated[ReviewForm, Form()]
    ) -> Response:
        return await _once(
            context,
            request,
            caseworker,
            asked,
            lambda work: reviewing.decide_review(
                work, review, asked.outcome, reason=asked.reason, decided_by=caseworker.subject
            ),
        )

    @routes.post(f"{PATH}/claims/{{claim}}")
    async def decide_claim(
        request: Request, claim: str, caseworker: Deciding, asked: Annotated[ClaimForm, Form()]
    ) -> Response:
        return await _once(
            context,
            request,
            caseworker,
            asked,
            lambda work: deciding.decide_claim(
                work,
                claim,
                Decision(asked.outcome, _remaining(asked), asked.bad_faith),
                reason=asked.reason,
                decided_by=caseworker.subject,
            ),
        )


def _add_releases(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(f"{PATH}/payouts/{{payout}}/release")
    async def release(
        request: Request, payout: str, caseworker: Deciding, asked: Annotated[WorkForm, Form()]
    ) -> Response:
        return await _once(
            context,
            request,
            caseworker,
            asked,
            lambda work: deciding.release_payout(
                work, payout, reason=asked.reason, released_by=caseworker.subject
            ),
        )

    @routes.post(f"{PATH}/flags/{{person}}/{{flag}}")
    async def note_flag(
        request: Request,
        person: str,
        flag: str,
        caseworker: Deciding,
        asked: Annotated[WorkForm, Form()],
    ) -> Response:
        return await _once(
            context,
            request,
            caseworker,
            asked,
            lambda work: listing.note_flag(
                work, person, flag, reason=asked.reason, noted_by=caseworker.subject
            ),
        )


async def _once(
    context: ServiceContext,
    request: Request,
    caseworker: Identity,
    asked: WorkForm,
    decide: Callable[[Work], Awaitable[object]],
) -> Response:
    """Decides once, and shows the list again; a sentence for an outcome is why it can't be."""
    async with context.begin() as work:

        async def act() -> Answer:
            try:
                outcome = await decide(work)
            except NothingToDecideError as nothing:
                raise not_found(str(nothing)) from nothing
            if isinstance(outcome, str):
                raise invalid(outcome)
            return shown_next(
                PATH, asked.language, "done", employer=asked.employer, page=asked.page
            )

        return await submit_once(work, caseworker, request, asked.submission, act)


def _remaining(asked: ClaimForm) -> int:
    """What remains claimed: what the page showed, what was typed, or nothing.

    Raises Problem 422 for an amount typed with another button than the one for it: the return key
    presses the first of them.
    """
    if asked.outcome != "lowered" and asked.kroner.strip():
        raise invalid(TYPED_FOR_NOTHING)
    match asked.outcome:
        case "upheld":
            return asked.seen_ore
        case "lowered":
            return ore_in(asked.kroner)
        case "dropped":
            return 0
