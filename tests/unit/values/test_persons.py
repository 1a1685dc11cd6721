"""A person is a random reference, and a civil registration number is noticed wherever it hides."""

from __future__ import annotations

import string
import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.persons import (
    InvalidPersonReferenceError,
    contains_person_number,
    mask_person_numbers,
    parse_person_reference,
)

DAYS = st.dates(min_value=date(1858, 1, 1), max_value=date(2057, 12, 31))
SERIALS = st.integers(0, 9999).map("{:04d}".format)
HYPHENS = st.sampled_from(["", "-", " ", " - ", "\u2013", " \u2013 ", "\u00a0", "\u2011"])
BORDERS = st.text(alphabet=" \n.,;:/()'\"_-–=<>æ"[:-1], max_size=4)
WORDS = st.text(alphabet=string.ascii_letters + string.digits + "æøåÆØÅ٣", min_size=1)
# Four digits before a number's date, or six behind its last four, may make another number of it:
# 0101 and 610180-1234 hold 0101610180.
LENGTHENING = WORDS.filter(lambda word: not (word.isdecimal() and len(word) in {4, 6}))


def constructed(day: date, serial: str, hyphen: str) -> str:
    """A number nobody has: the day of birth plus 60."""
    return f"{day.day + 60}{day:%m%y}{hyphen}{serial}"


NUMBERS = st.builds(constructed, DAYS, SERIALS, HYPHENS)


@given(NUMBERS, BORDERS, BORDERS)
def test_a_number_between_any_borders_is_found_and_masked(
    number: str, before: str, after: str
) -> None:
    text = before + number + after
    assert contains_person_number(text)
    masked = mask_person_numbers(text)
    assert number not in masked
    assert not contains_person_number(masked)
    assert masked.startswith(before)
    assert masked.endswith(after)


@given(DAYS, SERIALS, HYPHENS)
def test_a_number_with_a_true_day_of_birth_is_found(day: date, serial: str, hyphen: str) -> None:
    assert contains_person_number(f"cpr: {day:%d%m%y}{hyphen}{serial}.")


@given(NUMBERS, LENGTHENING)
def test_digits_inside_a_longer_word_or_number_are_not(number: str, word: str) -> None:
    assert not contains_person_number(word + number)
    assert not contains_person_number(number + word)


@given(st.uuids())
def test_no_uuid_is_ever_mistaken_for_a_number(reference: uuid.UUID) -> None:
    assert not contains_person_number(str(reference))
    assert not contains_person_number(reference.hex)
    assert mask_person_numbers(f"person={reference}") == f"person={reference}"


@given(NUMBERS, st.text(alphabet="0123456789abcdef", min_size=2, max_size=2))
def test_not_even_a_uuid_built_around_one(number: str, rest: str) -> None:
    digits = number.replace("-", "")
    assert not contains_person_number(f"00000000-0000-4000-8000-{digits}{rest}")
    assert not contains_person_number(f"{digits[:8]}-{digits[6:]}-4000-8000-{digits}{rest}")


@pytest.mark.parametrize(
    "text",
    [
        "610180-1234",
        "6101801234",
        "cpr_6101801234.csv",
        "8902001234",  # 29 February 2000
        "8902041234",
        "the file 6101801234.0 as a spreadsheet writes it",
        "61018012-34 or 610180-1234",
        "٦١٠١٨٠-١٢٣٤",
        "file 610180 1234",
        "610180 - 1234",
        "610180\u20131234",  # the dash word processors make of a hyphen
        "610180\u00a01234",
    ],
)
def test_these_are_found(text: str) -> None:
    assert contains_person_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "610180",
        "610180-123",
        "610180-12345",
        "006101801234",
        "6001801234",  # day 60 is neither a day nor day 0 plus 60
        "0001801234",
        "3201801234",
        "9201801234",
        "6100801234",
        "6113801234",
        "8902011234",  # 2001 and 1901 had no 29 February
        "3104991234",
        "610180--1234",
        "610180   1234",
        "610180\n1234",
        "610180, 1234",
        "99000007",
    ],
)
def test_these_are_not(text: str) -> None:
    assert not contains_person_number(text)
    assert mask_person_numbers(text) == text


def test_several_numbers_are_masked_and_the_rest_is_kept() -> None:
    text = "from 610180-1234 to 6201801234, file 7"
    assert mask_person_numbers(text) == "from [person number] to [person number], file 7"


@given(st.uuids())
def test_a_reference_is_read_in_its_canonical_form(reference: uuid.UUID) -> None:
    assert parse_person_reference(str(reference).upper()) == str(reference)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "610180-1234",
        "{12345678-1234-4234-8234-123456789abc}",
        "urn:uuid:12345678-1234-4234-8234-123456789abc",
        "12345678123442348234123456789abc",
        "12345678-1234-4234-8234-123456789abc\n",
        "12345678-1234-4234-8234-123456789abg",
    ],
)
def test_other_texts_are_no_references_and_are_not_repeated(text: str) -> None:
    with pytest.raises(InvalidPersonReferenceError) as refused:
        parse_person_reference(text)
    assert not text or text not in str(refused.value)
