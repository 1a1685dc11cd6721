"""Money is øre and is written the way its reader expects."""

from __future__ import annotations

import pytest

from shared.values.money import Language, format_kroner, ore


def test_a_krone_is_a_hundred_ore() -> None:
    assert ore(50_000) == 5_000_000
    assert ore(-1) == -100


@pytest.mark.parametrize(
    ("amount_ore", "language", "expected"),
    [
        (5_000_000, "da", "50.000 kr."),
        (5_000_000, "en", "DKK 50,000"),
        (12_345_678, "da", "123.456,78 kr."),
        (12_345_678, "en", "DKK 123,456.78"),
        (123_456_789_00, "da", "123.456.789 kr."),
        (5, "da", "0,05 kr."),
        (0, "da", "0 kr."),
        (0, "en", "DKK 0"),
        (-150, "da", "-1,50 kr."),
        (-150, "en", "-DKK 1.50"),
    ],
)
def test_amounts_are_written_for_their_reader(
    amount_ore: int, language: Language, expected: str
) -> None:
    assert format_kroner(amount_ore, language) == expected
