"""Facts and cases are read from JSON objects, and refused with the fact, the field and the why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Final, TypeVar

from services.bonus.domain.facts import (
    FACT_TYPES,
    EmploymentConfirmed,
    Fact,
    LeaveRecorded,
    PersonCorrected,
    PersonRegistered,
    PlacementStarted,
    ReviewDecided,
)
from shared.values.dates import day_in_copenhagen

DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)
DECIMAL: Final = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)
WHOLE_NUMBER_MAX: Final = 10**12
PERCENT_MAX: Final = 100
SHOWN_MAX: Final = 60
OUTCOMES: Final = ("accepted", "refused")
PERSON_FACTS: Final = (PersonRegistered, PersonCorrected, PlacementStarted, ReviewDecided)

T = TypeVar("T")


class InvalidFactError(ValueError):
    """A fact can't be read: `fact` is its name where known, `field` the field to blame."""

    def __init__(self, fact: str | None, field: str, why: str) -> None:
        super().__init__(f"{fact or 'fact'}, field {field}: {why}")
        self.fact = fact
        self.field = field
        self.why = why


class InvalidCaseError(ValueError):
    """A case can't be read; `position` is the place of the guilty fact, from 1, where one is."""

    def __init__(self, why: str, *, position: int | None = None) -> None:
        super().__init__(why if position is None else f"fact {position}: {why}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Case:
    """Facts about one person, to be seen on `as_of` as known on `known_on`."""

    as_of: date
    known_on: date
    facts: tuple[Fact, ...]


def parse_case(told: object) -> Case:
    """Read `as_of`, `known_on` and `facts` of a JSON object; other keys are ignored.

    Raises InvalidCaseError, also when the facts are about two persons.
    """
    if not isinstance(told, Mapping):
        raise InvalidCaseError(f"a case is an object, not {_kind(told)}")
    try:
        as_of, known_on = (_required(told, name, _day) for name in ("as_of", "known_on"))
    except _UnreadableError as unreadable:
        raise InvalidCaseError(str(unreadable)) from None
    listed = told.get("facts")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        why = "is missing" if listed is None else f"is a list, not {_kind(listed)}"
        raise InvalidCaseError(f"field facts: {why}")
    facts = []
    for position, each in enumerate(listed, start=1):
        try:
            facts.append(parse_fact(each))
        except InvalidFactError as invalid:
            raise InvalidCaseError(str(invalid), position=position) from None
    _refuse_second_person(facts)
    return Case(as_of=as_of, known_on=known_on, facts=tuple(facts))


def parse_fact(told: object) -> Fact:
    """Read one fact from a JSON object; unknown fields are ignored, null is as absent.

    Raises InvalidFactError.
    """
    if not isinstance(told, Mapping):
        raise InvalidFactError(None, "fact", f"a fact is an object, not {_kind(told)}")
    name = told.get("fact")
    if not isinstance(name, str):
        why = "is missing" if name is None else f"is text, not {_kind(name)}"
        raise InvalidFactError(None, "fact", why)
    if name not in FACT_TYPES:
        known = ", ".join(FACT_TYPES)
        raise InvalidFactError(None, "fact", f"{_quoted(name)} is unknown; known are {known}")
    values: dict[str, object] = {}
    for field, required in _fields(name):
        try:
            values[field] = (_required if required else _optional)(
                told, field, READERS.get(field, _text)
            )
        except _UnreadableError as unreadable:
            raise InvalidFactError(name, field, unreadable.why) from None
    fact: Fact = FACT_TYPES[name](**values)  # type: ignore[arg-type]  # read field by field above
    _refuse_contradictions(name, fact)
    return fact


class _UnreadableError(ValueError):
    """A value is not what its field holds."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"field {field}: {why}")
        self.why = why


def _required(told: Mapping[str, object], field: str, read: Callable[[object], T]) -> T:
    value = _optional(told, field, read)
    if value is None:
        raise _UnreadableError(field, "is missing")
    return value


def _optional(told: Mapping[str, object], field: str, read: Callable[[object], T]) -> T | None:
    value = told.get(field)
    if value is None:
        return None
    try:
        return read(value)
    except ValueError as error:
        raise _UnreadableError(field, str(error)) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is text, not {_kind(value)}")
    if not value:
        raise ValueError("is empty")
    return value


def _day(value: object) -> date:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise ValueError(f"{_quoted(value)} is no date such as 2017-03-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is not in the calendar") from None


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise ValueError(f"{_quoted(value)} is no UTC instant such as 2017-03-01T09:30:00Z")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{value} is no instant") from None


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise ValueError(f'{_quoted(value)} is no decimal text such as "956.71"')
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
        raise ValueError(f"{_quoted(value)} is no whole number")
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
        raise ValueError(f"is true or false, not {_quoted(value)}")
    return value


def _outcome(value: object) -> str:
    if value not in OUTCOMES:
        raise ValueError(f"{_quoted(value)} is neither accepted nor refused")
    return str(value)


READERS: Final[dict[str, Callable[[object], object]]] = {
    "recorded_on": _day,
    "recorded_at": _instant,
    "born_on": _day,
    "permit_granted_on": _day,
    "resident_since": _day,
    "effective_from": _day,
    "started_on": _day,
    "contract_signed_on": _day,
    "first_day": _day,
    "last_day": _day,
    "filed_on": _day,
    "decided_on": _day,
    "settled_on": _day,
    "certificate_issued_on": _day,
    "hours": _hours,
    "practice_hours": _hours,
    "documented_absence_hours": _hours,
    "public_funding_percent": _percent,
    "days": _days,
    "amount_dkk": _whole_number,
    "schooling_documented": _truth,
    "outcome": _outcome,
}
"""How a field is read, whatever the fact; a field not named here is text."""


@cache
def _fields(name: str) -> tuple[tuple[str, bool], ...]:
    """List the fields of a kind of fact, each with whether it is required."""
    return tuple((field.name, field.default is MISSING) for field in fields(FACT_TYPES[name]))


def _refuse_contradictions(name: str, fact: Fact) -> None:
    if isinstance(fact, EmploymentConfirmed | LeaveRecorded) and fact.last_day < fact.first_day:
        why = f"{fact.last_day} lies before the first day {fact.first_day}"
        raise InvalidFactError(name, "last_day", why)
    if fact.recorded_at is None:
        return
    try:
        day = day_in_copenhagen(fact.recorded_at)
    except OverflowError:
        raise InvalidFactError(name, "recorded_at", "lies outside the calendar") from None
    if day != fact.recorded_on:
        why = f"falls on {day} in Copenhagen, but recorded_on is {fact.recorded_on}"
        raise InvalidFactError(name, "recorded_at", why)


def _refuse_second_person(facts: Sequence[Fact]) -> None:
    first: tuple[int, str] | None = None
    for position, fact in enumerate(facts, start=1):
        if not isinstance(fact, PERSON_FACTS):
            continue
        if first is None:
            first = (position, fact.person)
        elif fact.person != first[1]:
            why = (
                f"{type(fact).__name__}, field person: {_quoted(fact.person)} is a second person;"
                f" fact {first[0]} is about {_quoted(first[1])}"
            )
            raise InvalidCaseError(why, position=position)


def _kind(value: object) -> str:
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


def _quoted(value: object) -> str:
    """Show a value, shortened and without control characters."""
    shown = ascii(value) if isinstance(value, str) else _kind(value)
    return shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}..."
