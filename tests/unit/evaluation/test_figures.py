from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.evaluation.domain.figures import (
    Bonus,
    Figures,
    Moment,
    Persons,
    for_the_public,
)

MOMENT = Moment(
    day=date(2017, 3, 1), companies=1, places={"any": 2}, persons={}, bonus=(), notices=3
)


def told(moment: Moment) -> Moment:
    figures = Figures(date(2017, 3, 1), before=moment, after=moment, started={})
    public = for_the_public(figures)
    assert public.before == public.after
    return public.after


@pytest.mark.parametrize(
    ("everywhere", "at_members", "shown"),
    [
        (0, 0, (0, 0)),
        (1, 0, (None, None)),
        (4, 4, (None, None)),
        (5, 5, (5, 5)),
        (5, 0, (5, 0)),
        (5, 4, (5, None)),
        (5, 1, (5, None)),
        (9, 5, (9, None)),
        (9, 4, (9, None)),
        (10, 5, (10, 5)),
        (10, 6, (10, None)),
        (10, 10, (10, 10)),
    ],
)
def test_neither_a_count_of_one_to_four_nor_a_difference_of_that_is_told(
    everywhere: int, at_members: int, shown: tuple[int | None, int | None]
) -> None:
    moment = told(replace(MOMENT, persons={"igu": Persons(everywhere, at_members)}))
    assert moment.persons == {"igu": Persons(*shown)}


@pytest.mark.parametrize(
    ("instalments", "shown"), [(0, (0, 700)), (1, (None, None)), (4, (None, None)), (5, (5, 700))]
)
def test_an_amount_is_told_when_its_number_is(
    instalments: int, shown: tuple[int | None, int | None]
) -> None:
    moment = told(replace(MOMENT, bonus=(Bonus("igu", "M6", instalments, 700),)))
    assert moment.bonus == (Bonus("igu", "M6", *shown),)


def test_companies_places_and_notices_are_no_persons() -> None:
    assert told(MOMENT) == MOMENT


def test_who_began_is_told_from_five_on() -> None:
    figures = Figures(
        date(2017, 3, 1), before=MOMENT, after=MOMENT, started={"a": 0, "b": 4, "c": 5}
    )
    assert for_the_public(figures).started == {"a": 0, "b": None, "c": 5}
