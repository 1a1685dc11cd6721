"""The programme's figures as JSON, for anyone.

What may be known of few persons is told to caseworkers and operations only (`domain/figures.py`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials

from services.evaluation.domain.figures import Figures, Moment, for_the_public
from services.evaluation.handlers import figures_between
from shared.contracts.fields import EARLIEST_DAY
from shared.runtime.service import ServiceContext
from shared.values.clock import today
from shared.values.dates import add_months
from shared.web.days import AskedDay
from shared.web.identity import BEARER, Identity, allow
from shared.web.problems import invalid

MONTHS_BEFORE = 24
"""How far back `from` lies when nobody says: the time between the programme's two counts."""

WITHHELD = (
    "Counts of persons from 1 to 4, and of instalments likewise, are null, and so is what would"
    " give them away."
)


async def _caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Identity | None:
    """Who is asking, if they say so; a token that isn't good is refused all the same."""
    if bearer is None:
        return None
    return await allow()(request, bearer)


Caller = Annotated[Identity | None, Depends(_caller)]
From = Annotated[
    AskedDay | None, Query(alias="from", description="The day before; 24 months earlier.")
]
To = Annotated[AskedDay | None, Query(description="The day after; today when left out.")]
KnownOn = Annotated[
    AskedDay | None, Query(description="As known on this day; today when left out.")
]


def router(context: ServiceContext) -> APIRouter:
    """The routes below `/evaluation/v1`."""
    routes = APIRouter(prefix="/evaluation/v1", tags=["evaluation"])

    @routes.get("/figures", summary="The programme on two days, as known on a third")
    async def figures(
        caller: Caller, from_: From = None, to: To = None, known_on: KnownOn = None
    ) -> dict[str, object]:
        first_day, last_day = _period(from_, to, today=today(context.clock))
        async with context.begin() as work:
            counted = await figures_between(
                work.connection, first_day, last_day, known_on=known_on or work.today
            )
        sees_all = caller is not None and caller.role in {"caseworker", "operations"}
        return _told(counted if sees_all else for_the_public(counted), withheld=not sees_all)

    return routes


def _period(first_day: date | None, last_day: date | None, *, today: date) -> tuple[date, date]:
    last_day = last_day or today
    first_day = first_day or max(EARLIEST_DAY, add_months(last_day, -MONTHS_BEFORE))
    if last_day < first_day:
        raise invalid("`to` lies before `from`.")
    return first_day, last_day


def _told(figures: Figures, *, withheld: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "from": figures.before.day,
        "to": figures.after.day,
        "known_on": figures.known_on,
        "before": _moment(figures.before),
        "after": _moment(figures.after),
        "persons_started": figures.started,
    }
    return {**told, "withheld": WITHHELD} if withheld else told


def _moment(moment: Moment) -> dict[str, object]:
    return {
        "companies": moment.companies,
        "places_pledged": moment.places,
        "persons_placed": {
            kind: {"everywhere": persons.everywhere, "at_members": persons.at_members}
            for kind, persons in sorted(moment.persons.items())
        },
        "bonus_decided": [
            {
                "scheme": bonus.scheme,
                "milestone": bonus.milestone,
                "instalments": bonus.instalments,
                "amount_ore": bonus.amount_ore,
            }
            for bonus in moment.bonus
        ],
        "notices_sent": moment.notices,
    }
