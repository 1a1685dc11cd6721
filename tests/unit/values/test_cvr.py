"""A CVR number is eight digits of which the last checks the others."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.values.cvr import InvalidCvrNumberError, is_cvr, parse_cvr

# The agency's own example, the ministry, and constructed ones from 99000000 up.
VALID = ["13748136", "36977191", "99000007", "99000015"]
SEVEN_DIGITS = st.integers(min_value=1_000_000, max_value=9_999_999)


def with_check_digit(seven_digits: int) -> str | None:
    """The agency's own description: remainder 1 has no number, 0 stays 0, others become 11 - r."""
    weights = [2, 7, 6, 5, 4, 3, 2]
    remainder = sum(int(d) * w for d, w in zip(str(seven_digits), weights, strict=True)) % 11
    if remainder == 1:
        return None
    return f"{seven_digits}{(11 - remainder) % 11}"


@pytest.mark.parametrize("number", VALID)
def test_valid_numbers_are_read(number: str) -> None:
    assert parse_cvr(number) == number
    assert is_cvr(number)


@pytest.mark.parametrize(
    "written",
    ["DK13748136", "dk 13 74 81 36", "DK-13748136", " 1374-8136 ", "13\u00a0748\u00a0136"],
)
def test_spaces_hyphens_and_the_country_are_taken_away(written: str) -> None:
    assert parse_cvr(written) == "13748136"
    assert not is_cvr(written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13748137",
        "1374813",
        "137481360",
        "00000000",
        "SE13748136",
        "1374813x",
        "１３７４８１３６",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidCvrNumberError):
        parse_cvr(text)
    assert not is_cvr(text)


@given(SEVEN_DIGITS)
def test_exactly_one_check_digit_fits_or_none_where_the_remainder_is_one(seven_digits: int) -> None:
    fitting = [f"{seven_digits}{digit}" for digit in range(10) if is_cvr(f"{seven_digits}{digit}")]
    expected = with_check_digit(seven_digits)
    assert fitting == ([] if expected is None else [expected])


@given(SEVEN_DIGITS, st.integers(0, 7), st.integers(1, 9))
def test_one_mistyped_digit_is_always_noticed(seven_digits: int, place: int, change: int) -> None:
    number = with_check_digit(seven_digits)
    assume(number is not None)
    assert number is not None
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    assert not is_cvr(wrong)


def test_a_person_number_sent_by_mistake_is_not_repeated() -> None:
    with pytest.raises(InvalidCvrNumberError) as refused:
        parse_cvr("610180-1234")
    assert "1234" not in str(refused.value)
