"""How one field of a fact is read from JSON; ValueError says what it should have been."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from shared.values.persons import mask_person_numbers

DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|\+00:00)", re.ASCII)
DECIMAL: Final = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)
WHOLE_NUMBER_MAX: Final = 10**12
PERCENT_MAX: Final = 100
SHOWN_MAX: Final = 60
OUTCOMES: Final = ("accepted", "refused")


def read_text(value: object) -> str:
    """Read text, not empty."""
    if not isinstance(value, str):
        raise ValueError(f"is text, not {kind_of(value)}")
    if not value:
        raise ValueError("is empty")
    return value


def read_day(value: object) -> date:
    """Read an ISO date."""
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise ValueError(f"{quoted(value)} is no date such as 2017-03-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is not in the calendar") from None


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise ValueError(f"{quoted(value)} is no UTC instant such as 2017-03-01T09:30:00Z")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{value} is no instant") from None


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise ValueError(f'{quoted(value)} is no decimal text such as "956.71"')
    return Decimal(value)


def _hours(value: object) -> Decimal:
    hours = _decimal(value)
    if hours < 0:
        raise ValueError(f"{value} hours are negative")
    return hours


def _percent(value: object) -> Decimal:
    percent = _decimal(value)
    if not 0 <= percent <= PERCENT_MAX:
        raise ValueError(f"{value} lies outside 0 to 100")
    return percent


def _whole_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{quoted(value)} is no whole number")
    if abs(value) > WHOLE_NUMBER_MAX:
        raise ValueError(f"is above {WHOLE_NUMBER_MAX} or below -{WHOLE_NUMBER_MAX}")
    return value


def _days(value: object) -> int:
    days = _whole_number(value)
    if days < 0:
        raise ValueError(f"{days} days are negative")
    return days


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is true or false, not {quoted(value)}")
    return value


def _outcome(value: object) -> str:
    if value not in OUTCOMES:
        raise ValueError(f"{quoted(value)} is neither accepted nor refused")
    return str(value)


READERS: Final[dict[str, Callable[[object], object]]] = {
    "recorded_on": read_day,
    "recorded_at": _instant,
    "born_on": read_day,
    "permit_granted_on": read_day,
    "resident_since": read_day,
    "effective_from": read_day,
    "started_on": read_day,
    "contract_signed_on": read_day,
    "first_day": read_day,
    "last_day": read_day,
    "filed_on": read_day,
    "decided_on": read_day,
    "settled_on": read_day,
    "certificate_issued_on": read_day,
    "hours": _hours,
    "practice_hours": _hours,
    "documented_absence_hours": _hours,
    "public_funding_percent": _percent,
    "days": _days,
    "amount_dkk": _whole_number,
    "schooling_documented": _truth,
    "outcome": _outcome,
}


def reader_of(field: str) -> Callable[[object], object]:
    """Find how a field is read, whatever the fact; what isn't listed is text."""
    return READERS.get(field, read_text)


def kind_of(value: object) -> str:
    """Name the JSON kind of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case Mapping():
            return "an object"
        case Sequence():
            return "a list"
        case _:
            return "a number"


def quoted(value: object) -> str:
    """Show text, shortened, without control characters or person numbers; else the kind."""
    shown = ascii(mask_person_numbers(value)) if isinstance(value, str) else kind_of(value)
    return shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}..."
