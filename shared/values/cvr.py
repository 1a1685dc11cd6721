"""A CVR number names a Danish legal unit: eight digits, the last a check digit by modulus 11."""

from __future__ import annotations

import re
from functools import lru_cache

from shared.values.persons import mask_person_numbers

# Erhvervsstyrelsen, "Modulus 11": the weighted sum of all eight digits is divisible by eleven.
CHECK_WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
CHECK_MODULUS = 11

NUMBERS_REMEMBERED_MAX = 16_384
"""The same companies come again and again."""

_EIGHT_DIGITS = re.compile(r"[0-9]{8}")
_NOBODY = "00000000"


class InvalidCvrNumberError(ValueError):
    """This text is no CVR number."""


def parse_cvr(text: str) -> str:
    """Read a CVR number as people write it and return its eight digits.

    Spaces, hyphens and a leading "DK" are taken away. Raises InvalidCvrNumberError for anything
    that does not leave eight digits with a right check digit.
    """
    digits = "".join(text.split()).replace("-", "").upper().removeprefix("DK")
    if not _EIGHT_DIGITS.fullmatch(digits) or digits == _NOBODY:
        shown = mask_person_numbers(text)[:40]
        raise InvalidCvrNumberError(f"{shown!r} is no CVR number; give its eight digits")
    weighted_sum = sum(int(d) * w for d, w in zip(digits, CHECK_WEIGHTS, strict=True))
    if weighted_sum % CHECK_MODULUS:
        raise InvalidCvrNumberError(
            f"{digits} is no CVR number, its check digit is wrong; look for a mistyped digit"
        )
    return digits


def is_cvr(text: str) -> bool:
    """Tell whether a text is a CVR number in its normal form: eight digits and nothing else."""
    return len(text) == len(CHECK_WEIGHTS) and _is_cvr(text)


@lru_cache(maxsize=NUMBERS_REMEMBERED_MAX)
def _is_cvr(text: str) -> bool:
    try:
        return parse_cvr(text) == text
    except InvalidCvrNumberError:
        return False
