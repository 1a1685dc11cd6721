"""Dates and codes as people read them, in Danish and English."""

from __future__ import annotations

from datetime import date
from typing import Literal

Language = Literal["da", "en"]

_MONTHS: dict[Language, tuple[str, ...]] = {
    "da": (
        "januar",
        "februar",
        "marts",
        "april",
        "maj",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "december",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}

_SCHEMES: dict[Language, dict[str, str]] = {
    "da": {"ordinary": "ordinær ansættelse", "igu": "integrationsgrunduddannelse (IGU)"},
    "en": {"ordinary": "ordinary employment", "igu": "basic integration training (IGU)"},
}


def say_day(day: date, language: Language) -> str:
    """`1. juli 2016` or `1 July 2016`."""
    stop = "." if language == "da" else ""
    return f"{day.day}{stop} {_MONTHS[language][day.month - 1]} {day.year}"


def say_scheme(scheme: str, language: Language) -> str:
    """The scheme's name; a code without a name is said as it is."""
    return _SCHEMES[language].get(scheme, scheme)


def say_milestone(milestone: str, language: Language) -> str:
    """`M6` is `6 måneder` or `6 months`."""
    return f"{milestone.removeprefix('M')} {'måneder' if language == 'da' else 'months'}"
