"""The first page: the programme's figures on two days, in Danish or English, for anyone.

A plain form chooses the days; everything works without JavaScript. What is shown is what the
public may see, whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.evaluation.domain.figures import Bonus, Figures, Moment, Persons, for_the_public
from services.evaluation.handlers import figures_between
from shared.contracts.fields import EARLIEST_DAY, LATEST_DAY
from shared.runtime.service import ServiceContext
from shared.values.clock import today
from shared.values.dates import add_months
from shared.web.pages import Language, render

MONTHS_BEFORE = 24

WITHHELD = "< 5"

_TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "not_a_day": "Not a day: “{given}”. Write it as 2018-06-30.",
        "wrong_order": "The day after lies before the day before.",
    },
    "da": {
        "not_a_day": "“{given}” er ikke en dag. Skriv den som 2018-06-30.",
        "wrong_order": "Dagen efter ligger før dagen før.",
    },
}
DAY_CHARACTERS_SHOWN = 20

Text = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Choice:
    """The days the form holds, as given, and why they can't be used, if so."""

    first_day: str
    last_day: str
    known_on: str
    problems: tuple[str, ...] = ()


def router(context: ServiceContext) -> APIRouter:
    """The first page."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def first_page(
        request: Request,
        from_: Annotated[str, Query(alias="from", max_length=100)] = "",
        to: Text = "",
        known_on: Text = "",
        language: Language = "en",
    ) -> HTMLResponse:
        days = _days(from_, to, known_on, language=language, today=today(context.clock))
        if isinstance(days, Choice):
            return render(
                request,
                "evaluation/figures.html",
                language=language,
                status=422,
                choice=days,
                figures=None,
            )
        first_day, last_day, known = days
        async with context.begin() as work:
            figures = await figures_between(work.connection, first_day, last_day, known_on=known)
        return render(
            request,
            "evaluation/figures.html",
            language=language,
            choice=Choice(first_day.isoformat(), last_day.isoformat(), known.isoformat()),
            figures=_Rows(for_the_public(figures)),
        )

    return routes


def _days(
    first: str, last: str, known: str, *, language: Language, today: date
) -> tuple[date, date, date] | Choice:
    """The three days meant, with what was left out filled in; or why they can't be meant."""
    texts = _TEXTS[language]
    problems = [
        texts["not_a_day"].format(given=given[:DAY_CHARACTERS_SHOWN])
        for given in (first, last, known)
        if given and _day(given) is None
    ]
    last_day = _day(last) or today
    first_day = _day(first) or max(EARLIEST_DAY, add_months(last_day, -MONTHS_BEFORE))
    if not problems and last_day < first_day:
        problems = [texts["wrong_order"]]
    if problems:
        return Choice(first, last, known, tuple(problems))
    return first_day, last_day, _day(known) or today


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST_DAY <= day <= LATEST_DAY else None


class _Rows:
    """The figures as rows of a table, a kind that only one of the days has among them."""

    def __init__(self, figures: Figures) -> None:
        self.before = figures.before
        self.after = figures.after
        self.known_on = figures.known_on
        self.started = [(kind, _text(count)) for kind, count in figures.started.items()]

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """Kind, places before, places after."""
        kinds = sorted({*self.before.places, *self.after.places})
        return [
            (kind, self.before.places.get(kind, 0), self.after.places.get(kind, 0))
            for kind in kinds
        ]

    @property
    def persons(self) -> list[tuple[str, list[str]]]:
        """Kind, and persons: before, of these at members, after, of these at members."""
        kinds = sorted({*self.before.persons, *self.after.persons})
        return [
            (kind, [*_persons(self.before, kind), *_persons(self.after, kind)]) for kind in kinds
        ]

    @property
    def bonus(self) -> list[tuple[str, str, list[tuple[str, int | None]]]]:
        """Scheme, milestone, and for each day the instalments and what they come to."""
        before, after = _by_milestone(self.before), _by_milestone(self.after)
        return [
            (
                scheme,
                milestone,
                [_bonus(before, scheme, milestone), _bonus(after, scheme, milestone)],
            )
            for scheme, milestone in sorted({*before, *after}, reverse=True)
        ]


def _persons(moment: Moment, kind: str) -> tuple[str, str]:
    persons = moment.persons.get(kind, Persons(0, 0))
    return _text(persons.everywhere), _text(persons.at_members)


def _by_milestone(moment: Moment) -> Mapping[tuple[str, str], Bonus]:
    return {(bonus.scheme, bonus.milestone): bonus for bonus in moment.bonus}


def _bonus(
    bonus: Mapping[tuple[str, str], Bonus], scheme: str, milestone: str
) -> tuple[str, int | None]:
    found = bonus.get((scheme, milestone), Bonus(scheme, milestone, 0, 0))
    return _text(found.instalments), found.amount_ore


def _text(count: int | None) -> str:
    return WITHHELD if count is None else str(count)
