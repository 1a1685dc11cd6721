"""Bonus to look at: the cases the reader may know of, and one case with every rule behind it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from services.bonus.domain.assessment import Instalment
from services.bonus.domain.explanation import explain_check, facts_told
from services.bonus.handlers import reading
from services.bonus.store.cases import BonusCase
from shared.messaging.work import Work
from shared.runtime.service import ServiceContext
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
        request: Request, case: str, reader: Reader, as_of: Chosen = None, known_on: Chosen = None
    ) -> HTMLResponse:
        async with context.begin() as work:
            found = await reading.find_visible_case(work, reading.scope_of(reader), case)
            if found is None:
                raise not_found("No bonus case has this id.")
            return await _case_page(work, request, found, as_of, known_on)

    return routes


async def _case_page(
    work: Work, request: Request, case: BonusCase, as_of: date | None, known_on: date | None
) -> HTMLResponse:
    assessment = await reading.assess_case(work, case, as_of=as_of, known_on=known_on)
    instalments = [
        _shown(each)
        for each in assessment.instalments
        if (each.employer, each.scheme) == (case.employer, case.scheme)
    ]
    return render(
        request, "bonus/case.html", case=case, assessment=assessment, instalments=instalments
    )


def _shown(instalment: Instalment) -> dict[str, object]:
    price = instalment.price
    return {
        "line": instalment,
        "price": price and f"{price.arithmetic} [{price.rule}, {price.law}]",
        "price_facts": price and facts_told(price.facts),
        "checks": [(each.verdict.value, explain_check(each)) for each in instalment.checks],
    }
