"""How a parameter's value is read, by its unit; ValueError says what it should have been."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from services.bonus.domain.rules import Limit

MILESTONES: Final = ("M6", "M12", "M24")
"""Those the engine has tests for."""
PERCENT_MAX: Final = 100
WHOLE_MAX: Final = 10**9


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a whole number")
    if not 0 <= value <= WHOLE_MAX:
        raise ValueError(f"not between 0 and {WHOLE_MAX}")
    return value


def _day(value: object) -> date:
    if type(value) is not date:
        raise ValueError("not a date")
    return value


def _exact(value: object) -> Fraction:
    if not isinstance(value, str):
        raise ValueError("not quoted: a bare decimal would be read as a float")
    try:
        exact = Fraction(value)
    except ZeroDivisionError:
        raise ValueError("divides by nothing") from None
    if exact < 0:
        raise ValueError("below 0")
    return exact


def _percent(value: object) -> Fraction:
    share = _exact(value)
    if share > PERCENT_MAX:
        raise ValueError(f"above {PERCENT_MAX}")
    return share


def _by_milestone(value: object) -> Mapping[str, int]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("no table of months by milestone")
    if odd := set(value) - set(MILESTONES):
        known = ", ".join(MILESTONES)
        raise ValueError(f"there is no milestone {', '.join(sorted(odd))}, only {known}")
    months = {name: _whole(each) for name, each in value.items()}
    if not all(months.values()):
        raise ValueError("a milestone comes after at least one month")
    return MappingProxyType(months)


def _categories(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("not a list of names")
    return frozenset(value)


UNITS: Final[Mapping[str, Callable[[Any], object]]] = MappingProxyType(
    {
        "DKK": _whole,
        "months": _whole,
        "days": _whole,
        "months or without limit": lambda value: None if value is None else _whole(value),
        "months below": lambda value: Limit(_whole(value), anniversary_included=False),
        "months up to and including": lambda value: Limit(_whole(value), anniversary_included=True),
        "months by milestone": _by_milestone,
        "date": _day,
        "percent": _percent,
        "hours a week": _exact,
        "categories": _categories,
    }
)
"""How a value is read, by its unit."""
