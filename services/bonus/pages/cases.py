"""Bonus to look at: the cases the reader may know of, and one case with every rule behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from services.bonus.domain.assessment import Instalment
from services.bonus.domain.explanation import (
    explain_check,
    explain_claim,
    explain_price,
    facts_told,
)
from services.bonus.domain.speech import speech_of
from services.bonus.domain.waiting import waits_of
from services.bonus.handlers import reading, showing
from services.bonus.handlers.showing import ShownCase
from services.bonus.pages.asking import ChosenEmployer, ChosenPlacement
from services.bonus.pages.drawing import draw
from services.bonus.pages.words import Words
from services.bonus.rules import load_rules
from shared.runtime.service import ServiceContext
from shared.values.money import Language
from shared.web.days import ChosenDay
from shared.web.identity import Identity, allow_page
from shared.web.pages import render
from shared.web.problems import not_found

Reader = Annotated[
    Identity, Depends(allow_page("company", "municipality", "caseworker", "approver", "finance"))
]
Chosen = Annotated[ChosenDay, Query()]


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    """The pages below `/bonus/cases`."""

    @routes.get("/bonus/cases")
    async def list_cases(
        request: Request,
        reader: Reader,
        employer: Annotated[ChosenEmployer, Query()] = "",
        placement: Annotated[ChosenPlacement, Query()] = "",
        language: Language = "en",
    ) -> HTMLResponse:
        async with context.begin() as work:
            found, has_more = await reading.list_visible_cases(
                work,
                reading.scope_of(reader),
                employer=employer or None,
                person=None,
                placement=placement or None,
            )
        return render(
            request,
            "bonus/cases.html",
            language=language,
            cases=found,
            has_more=has_more,
            employer=employer,
            placement=placement,
            words=Words(language),
        )

    @routes.get("/bonus/cases/{case}")
    async def show_case(
        request: Request,
        case: str,
        reader: Reader,
        as_of: Chosen = None,
        known_on: Chosen = None,
        language: Language = "en",
    ) -> HTMLResponse:
        async with context.begin() as work:
            scope = reading.scope_of(reader)
            found = await reading.find_visible_case(work, scope, case)
            if found is None:
                raise not_found("No bonus case has this id.")
            shown = await showing.show_case(work, found, scope, as_of=as_of, known_on=known_on)
        return _case_page(request, shown, reader, language)


def _case_page(
    request: Request, shown: ShownCase, reader: Identity, language: Language
) -> HTMLResponse:
    words = Words(language)
    timeline, assessment = shown.timeline, shown.assessment
    return render(
        request,
        "bonus/case.html",
        language=language,
        case=shown.case,
        assessment=assessment,
        drawing=draw(timeline, assessment.as_of, words) if timeline is not None else None,
        instalments=[_shown(each, language) for each in assessment.instalments],
        money=shown.money,
        contradictions=[
            (each.code, facts_told(each.facts, language))
            for each in assessment.find_contradictions()
        ],
        late=shown.late,
        reviews=[each for each in shown.reviews if each.review.is_open],
        claims=shown.claims,
        claims_seen=[explain_claim(each, language) for each in assessment.repayment_claims],
        flags=assessment.flags,
        decides=reader.role == "caseworker",
        words=words,
    )


def _shown(instalment: Instalment, language: Language) -> dict[str, object]:
    say = speech_of(language)
    why = instalment.explain()
    waits = waits_of(instalment, why.checks, load_rules())
    return {
        "line": instalment,
        "price": why.price and explain_price(why.price, language),
        "checks": [explain_check(each, language) for each in why.checks],
        "waits": [say.wait(each) for each in waits],
    }
