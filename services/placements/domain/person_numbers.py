"""A civil registration number is ten digits with a possible date, and says when somebody was born.

There is no check digit to test: since 2007 numbers are issued that fail modulus 11, so far only
for people born on 1 January, which is how an unknown birthday of a refugee is recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from shared.values.persons import CONSTRUCTED_DAY_OFFSET

_SHAPE = re.compile(r"(\d\d)(\d\d)(\d\d)-?(\d)\d{3}", re.ASCII)
# Digit 7 and the two-digit year tell the century: (digit 7, last year of the first range, century
# of the years up to it, century of the years after it). Source: CPR-kontoret, Personnummeret.
_CENTURIES = (
    ("0123", 99, 1900, 1900),
    ("49", 36, 2000, 1900),
    ("5678", 57, 2000, 1800),
)


class InvalidPersonNumberError(ValueError):
    """This is no civil registration number; the message never repeats what was given."""


@dataclass(frozen=True, slots=True)
class PersonNumber:
    """A civil registration number; its digits never show in a log line or an error."""

    digits: str = field(repr=False)
    born_on: date
    constructed: bool


def parse_person_number(text: str, *, constructed_allowed: bool) -> PersonNumber:
    """Read `DDMMYY-SSSS` or `DDMMYYSSSS`; a constructed number only where those are allowed.

    Raises InvalidPersonNumberError.
    """
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        raise InvalidPersonNumberError("a civil registration number has ten digits: DDMMYY-SSSS")
    day, month, year = (int(part) for part in shape.groups()[:3])
    constructed = day > CONSTRUCTED_DAY_OFFSET
    if constructed and not constructed_allowed:
        raise InvalidPersonNumberError("constructed numbers (day plus 60) belong to nobody")
    century = _century(shape.group(4), year)
    try:
        born_on = date(century + year, month, day - CONSTRUCTED_DAY_OFFSET if constructed else day)
    except ValueError as error:
        raise InvalidPersonNumberError(
            "the first six digits of a civil registration number are a date: DDMMYY"
        ) from error
    return PersonNumber(shape.group().replace("-", ""), born_on, constructed)


def _century(seventh: str, year: int) -> int:
    for digits, last_year, until, after in _CENTURIES:
        if seventh in digits:
            return until if year <= last_year else after
    raise AssertionError("every seventh digit has a century")
