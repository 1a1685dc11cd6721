"""Bonus over HTTP: `cases` to apply, look and decide; `records` of what was assessed; `trials`."""

from __future__ import annotations

from fastapi import APIRouter

from services.bonus.api import cases, records, trials
from shared.runtime.service import ServiceContext


def router(context: ServiceContext) -> APIRouter:
    """All routes below `/bonus/v1`."""
    routes = APIRouter()
    for each in (cases, records, trials):
        routes.include_router(each.router(context))
    return routes
