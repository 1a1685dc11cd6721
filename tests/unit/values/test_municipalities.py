"""There are 98 municipalities, and nothing else has a municipality's code."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.values.municipalities import (
    InvalidMunicipalityCodeError,
    list_municipalities,
    parse_municipality_code,
)


def test_the_five_regions_share_98_municipalities() -> None:
    assert Counter(each.region for each in list_municipalities()) == {
        "Region Hovedstaden": 29,
        "Region Syddanmark": 22,
        "Region Midtjylland": 19,
        "Region Sjælland": 17,
        "Region Nordjylland": 11,
    }


def test_codes_are_four_digits_and_in_order() -> None:
    codes = [each.code for each in list_municipalities()]
    assert codes == sorted(set(codes))
    assert all(len(code) == 4 and code.isdigit() for code in codes)


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("0101", "0101", "København"),
        ("101", "0101", "København"),
        (" 0330 ", "0330", "Slagelse"),
        ("0217", "0217", "Helsingør"),
        ("0860", "0860", "Hjørring"),
    ],
)
def test_a_code_with_or_without_its_zero_names_a_municipality(
    text: str, code: str, name: str
) -> None:
    assert parse_municipality_code(text) == code
    names = {each.code: each.name for each in list_municipalities()}
    assert names[code] == name


@pytest.mark.parametrize("text", ["", "0411", "9999", "01", "00101", "10101", "København", "١٠١"])
def test_other_codes_are_refused(text: str) -> None:
    with pytest.raises(InvalidMunicipalityCodeError, match="four digits"):
        parse_municipality_code(text)
