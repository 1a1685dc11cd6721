"""What was assessed when and knowing what, what other rules would give, and the three figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.bonus.api.cases import Reader, visible_case
from services.bonus.handlers import figures, recalling, shadowing
from shared.runtime.service import ServiceContext
from shared.web.days import AskedDay
from shared.web.identity import Identity, allow
from shared.web.problems import not_found

Planner = Annotated[Identity, Depends(allow("finance", "approver", "caseworker"))]
ShadowReader = Annotated[Identity, Depends(allow("caseworker", "operations"))]


def router(context: ServiceContext) -> APIRouter:
    """The routes below `/bonus/v1` that only read."""
    routes = APIRouter(prefix="/bonus/v1", tags=["bonus"])
    _add_history(routes, context)
    _add_shadow(routes, context)
    _add_figures(routes, context)
    return routes


def _add_figures(routes: APIRouter, context: ServiceContext) -> None:
    @routes.get("/figures", summary="What is decided, undecided and ahead, on any day")
    async def show_figures(
        _caller: Planner,
        on: Annotated[AskedDay | None, Query(description="The day; absent = today.")] = None,
        known_on: Annotated[AskedDay | None, Query(description="Known by; absent = now.")] = None,
    ) -> dict[str, object]:
        async with context.begin() as work:
            return await figures.figures_on(
                work, on=on or work.today, known_on=known_on or work.today
            )


def _add_history(routes: APIRouter, context: ServiceContext) -> None:
    @routes.get("/cases/{case}/assessments", summary="What was assessed when, knowing what")
    async def list_assessments(case: str, caller: Reader) -> dict[str, object]:
        async with context.begin() as work:
            found = await visible_case(work, case, caller)
            return {"case": case, "assessments": await recalling.list_kept(work, found)}

    @routes.get(
        "/cases/{case}/assessments/{assessment}",
        summary="One assessment, made again of the facts it knew",
    )
    async def repeat_assessment(case: str, assessment: str, caller: Reader) -> dict[str, object]:
        async with context.begin() as work:
            found = await visible_case(work, case, caller)
            told = await recalling.repeat(
                work, found, assessment, for_employer=caller.role == "company"
            )
            if told is None:
                raise not_found("This case has no assessment with this id.")
            return {"case": case, **told}


def _add_shadow(routes: APIRouter, context: ServiceContext) -> None:
    @routes.get("/shadow", summary="What the rules in SAMMEN_SHADOW_RULES would give otherwise")
    async def show_shadow(caller: ShadowReader) -> dict[str, object]:
        async with context.begin() as work:
            return await shadowing.report(work, with_persons=caller.role == "caseworker")
