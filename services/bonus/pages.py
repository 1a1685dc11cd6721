"""Bonus to look at: the cases the reader may know of, and one case with every rule behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from services.bonus.domain.assessment import Assessment, Instalment
from services.bonus.domain.explanation import explain_check, explain_price
from services.bonus.domain.speech import speech_of
from services.bonus.domain.waiting import waits_of
from services.bonus.handlers import reading
from services.bonus.rules import load_rules
from services.bonus.store.cases import BonusCase
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


def router(context: ServiceContext) -> APIRouter:
    """The pages below `/bonus/cases`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/bonus/cases")
    async def list_cases(request: Request, reader: Reader) -> HTMLResponse:
        async with context.begin() as work:
            found = await reading.list_visible_cases(
                work, reading.scope_of(reader), employer=None, person=None, placement=None
            )
        return render(request, "bonus/cases.html", cases=found)

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
            found = await reading.find_visible_case(work, reading.scope_of(reader), case)
            if found is None:
                raise not_found("No bonus case has this id.")
            assessment = await reading.assess_case(work, found, as_of=as_of, known_on=known_on)
            return _case_page(request, found, assessment, language)

    return routes


def _case_page(
    request: Request, case: BonusCase, assessment: Assessment, language: Language
) -> HTMLResponse:
    instalments = [
        _shown(each, language)
        for each in assessment.instalments
        if (each.employer, each.scheme) == (case.employer, case.scheme)
    ]
    return render(
        request,
        "bonus/case.html",
        case=case,
        assessment=assessment,
        instalments=instalments,
        explained_in=language,
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
