"""The 98 Danish municipalities, unchanged since 2007; codes are text of four digits."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shared.values.persons import mask_person_numbers

CODE_DIGITS = 4

# In the wild the leading zero is often missing: 101 is 0101.
_CODE = re.compile(r"[0-9]{3,4}")


class InvalidMunicipalityCodeError(ValueError):
    """No Danish municipality has this code."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality; the name is the one in daily use, without "Kommune"."""

    code: str
    name: str
    region: str


def parse_municipality_code(text: str) -> str:
    """Read a municipality code of three or four digits and return its four digits.

    Raises InvalidMunicipalityCodeError for a code no municipality has (0411 Christiansø is none).
    """
    code = text.strip()
    if _CODE.fullmatch(code) and code.zfill(CODE_DIGITS) in _by_code():
        return code.zfill(CODE_DIGITS)
    raise InvalidMunicipalityCodeError(
        f"{mask_person_numbers(text)[:20]!r} is no municipality's code; "
        "give four digits such as 0101 for København"
    )


def list_municipalities() -> tuple[Municipality, ...]:
    """All 98, by code."""
    return tuple(_by_code().values())


@cache
def _by_code() -> Mapping[str, Municipality]:
    source = files("shared.values").joinpath("municipalities.csv")
    rows = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    municipalities = [Municipality(**row) for row in rows]
    return {each.code: each for each in sorted(municipalities, key=lambda each: each.code)}
