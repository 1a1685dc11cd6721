"""Numbers below are constructed (day of birth plus 60) or not given to anybody."""

from __future__ import annotations

from datetime import date

import pytest

from services.placements.domain.person_numbers import (
    InvalidPersonNumberError,
    parse_person_number,
)


@pytest.mark.parametrize(
    ("text", "born_on"),
    [
        ("610180-0000", date(1980, 1, 1)),
        ("6101803999", date(1980, 1, 1)),
        ("610100-0000", date(1900, 1, 1)),
        ("610199-3999", date(1999, 1, 1)),
        ("610136-4000", date(2036, 1, 1)),
        ("610137-4000", date(1937, 1, 1)),
        ("610136-9000", date(2036, 1, 1)),
        ("610137-9000", date(1937, 1, 1)),
        ("610157-5000", date(2057, 1, 1)),
        ("610158-5000", date(1858, 1, 1)),
        ("610157-8000", date(2057, 1, 1)),
        ("610158-8000", date(1858, 1, 1)),
        ("890200-4000", date(2000, 2, 29)),
        ("910199-0000", date(1999, 1, 31)),
        ("  610180-0000 ", date(1980, 1, 1)),
    ],
)
def test_a_number_says_when_somebody_was_born(text: str, born_on: date) -> None:
    number = parse_person_number(text, constructed_allowed=True)
    assert number.born_on == born_on
    assert number.constructed


def test_a_number_that_fails_modulus_11_is_a_number() -> None:
    number = parse_person_number("010165-0001", constructed_allowed=False)
    assert (number.digits, number.constructed) == ("0101650001", False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "610180",
        "610180-000",
        "610180-00000",
        "610180 0000",
        "6101-800000",
        "611380-0000",
        "610080-0000",
        "600180-0000",
        "920180-0000",
        "890200-0000",  # 1900 had no 29 February
        "000180-0000",
        "320180-0000",
        "x10180-0000",
        "６10180-0000",
        "610180-0000\n1",
    ],
)
def test_what_has_no_possible_date_is_no_number(text: str) -> None:
    with pytest.raises(InvalidPersonNumberError) as raised:
        parse_person_number(text, constructed_allowed=True)
    assert not text or text not in str(raised.value)


def test_a_constructed_number_is_never_taken_for_a_real_one() -> None:
    with pytest.raises(InvalidPersonNumberError, match="belong to nobody"):
        parse_person_number("610180-0000", constructed_allowed=False)


def test_a_number_does_not_show_when_it_is_printed() -> None:
    number = parse_person_number("610180-0000", constructed_allowed=True)
    assert "610180" not in repr(number)
    assert "0000" not in repr(number)
