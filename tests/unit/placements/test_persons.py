from __future__ import annotations

from datetime import date

from services.placements.domain.persons import (
    PersonFields,
    corrected,
    differing,
    with_birth_date_of_number,
)

KNOWN = PersonFields("refugee", date(2016, 3, 1), date(1980, 1, 1), None)


def test_telling_the_same_again_is_no_news() -> None:
    assert differing(KNOWN, KNOWN).is_empty


def test_what_is_left_out_erases_nothing() -> None:
    told = PersonFields(category="family_other")
    assert differing(KNOWN, told) == PersonFields(category="family_other")
    assert corrected(KNOWN, told) == PersonFields(
        "family_other", date(2016, 3, 1), date(1980, 1, 1), None
    )


def test_every_field_that_differs_is_news() -> None:
    told = PersonFields("refugee", date(2016, 4, 1), date(1980, 1, 2), date(2016, 5, 1))
    assert differing(KNOWN, told) == PersonFields(
        None, date(2016, 4, 1), date(1980, 1, 2), date(2016, 5, 1)
    )


def test_the_number_gives_the_birth_date_where_nobody_told_it() -> None:
    told = PersonFields("refugee", date(2016, 3, 1))
    born_on = date(1979, 9, 9)
    assert with_birth_date_of_number(told, born_on, None).born_on == born_on
    unknown = PersonFields("refugee", date(2016, 3, 1))
    assert with_birth_date_of_number(told, born_on, unknown).born_on == born_on


def test_a_birth_date_told_outranks_the_numbers() -> None:
    born_on = date(1979, 9, 9)
    told = PersonFields("refugee", date(2016, 3, 1), date(1980, 1, 1))
    assert with_birth_date_of_number(told, born_on, None).born_on == date(1980, 1, 1)
    without = PersonFields("refugee", date(2016, 3, 1))
    assert with_birth_date_of_number(without, born_on, KNOWN).born_on is None
