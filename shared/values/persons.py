"""Persons are known by a random reference; their civil registration numbers stay outside."""

from __future__ import annotations

import calendar
import re
import uuid

# Constructed numbers, given where no real one exists, add this to the day of birth.
CONSTRUCTED_DAY_OFFSET = 60

MASK = "[person number]"

_CANONICAL_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII
)
# DDMMYY and four more digits, as people write them: joined, or with a blank, a hyphen or a dash of
# any kind between, and no part of a longer word or number. An underscore counts as a border, so
# that `cpr_0101801234` in a file name is found.
_BLANK = "[ \u00a0\u202f]?"
_DASH = "[-\u00ad\u2010-\u2015\u2212\ufe63\uff0d]?"
_PERSON_NUMBER = re.compile(
    rf"(?<![^\W_])(\d\d)(\d\d)(\d\d){_BLANK}{_DASH}{_BLANK}\d{{4}}(?![^\W_])"
)
PERSON_NUMBER_DIGITS = 10
_SIX_DIGITS = re.compile(r"\d{6}")
DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
"""Makes of any digits the same ones: a pattern that begins with a fixed text is found three times
as fast as one that begins with any digit.
"""
_MAY_BE_ONE = re.compile(rb"000000[ -]{0,3}0000")


class InvalidPersonReferenceError(ValueError):
    """This text is no person reference."""


def parse_person_reference(text: str) -> str:
    """Read a person reference, a UUID, and return its canonical text (lower case, hyphens).

    Raises InvalidPersonReferenceError, whose message never repeats the text: somebody may have
    sent a civil registration number instead.
    """
    if not is_reference(text):
        raise InvalidPersonReferenceError(
            "this is no person reference; ask POST /placements/v1/persons for one"
        )
    return str(uuid.UUID(text))


def is_reference(text: str) -> bool:
    """Whether the text is a UUID, as references of persons are, and ids of what is about them."""
    return _CANONICAL_UUID.fullmatch(text) is not None


def contains_person_number(text: str) -> bool:
    """Tell whether a text holds what may be a civil registration number, however it is set apart.

    Any DDMMYYNNNN with a day that exists (or exists after taking 60 from it) counts: modulus 11 is
    not asked for, since valid numbers without it are issued. Ten digits that happen to begin like
    a date are therefore found too. Digits inside a UUID or a longer number or word are not, nor
    a number whose date and last four digits have more between them than a dash and a blank beside.
    """
    # Nearly every text has no six and four digits so near each other, and that is found out ten
    # times as fast like this.
    if len(text) < PERSON_NUMBER_DIGITS:
        return False
    if text.isascii():
        if not _MAY_BE_ONE.search(text.encode().translate(DIGITS_AS_ZEROS)):
            return False
    elif not _SIX_DIGITS.search(text):
        return False
    return any(_may_be_person_number(match) for match in _PERSON_NUMBER.finditer(text))


def mask_person_numbers(text: str) -> str:
    """Replace everything `contains_person_number` would find by a mask; the rest stays as it is."""
    return _PERSON_NUMBER.sub(
        lambda match: MASK if _may_be_person_number(match) else match.group(), text
    )


def _may_be_person_number(match: re.Match[str]) -> bool:
    day, month, year_of_century = (int(group) for group in match.groups())
    if not 1 <= month <= 12:  # noqa: PLR2004 - the months of a year
        return False
    if day > CONSTRUCTED_DAY_OFFSET:
        day -= CONSTRUCTED_DAY_OFFSET
    # Leap years of the 1900s and 2000s fall on the same two digits, but for 00: there 2000 had
    # a 29 February, so the later century allows all days that either does.
    return 1 <= day <= calendar.monthrange(2000 + year_of_century, month)[1]
