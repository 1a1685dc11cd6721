"""Bonus to look at and to act on: cases, a company's own page, and a caseworker's list.

The pages work without JavaScript. A form asks the handler that the JSON route asks.
"""

from __future__ import annotations

from fastapi import APIRouter

from services.bonus.pages import cases, company, work
from shared.runtime.service import ServiceContext


def router(context: ServiceContext) -> APIRouter:
    """Every page below `/bonus`."""
    routes = APIRouter(include_in_schema=False)
    cases.add_routes(routes, context)
    company.add_routes(routes, context)
    work.add_routes(routes, context)
    return routes
