"""Facts and cases are read from JSON objects, and refused with the fact, the field and the why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date
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
from services.bonus.domain.fields import kind_of, quoted, read_day, reader_of
from shared.values.dates import day_in_copenhagen

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
    """A case can't be read; `position` is the place of the guilty fact, from 1, where one is.

    `field` is the field to blame, of that fact or of the case.
    """

    def __init__(self, why: str, *, position: int | None = None, field: str | None = None) -> None:
        super().__init__(why if position is None else f"fact {position}: {why}")
        self.position = position
        self.field = field


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
        raise InvalidCaseError(f"a case is an object, not {kind_of(told)}")
    try:
        as_of, known_on = (_required(told, name, read_day) for name in ("as_of", "known_on"))
    except _UnreadableError as unreadable:
        raise InvalidCaseError(str(unreadable), field=unreadable.field) from None
    listed = told.get("facts")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        why = "is missing" if listed is None else f"is a list, not {kind_of(listed)}"
        raise InvalidCaseError(f"field facts: {why}", field="facts")
    facts = []
    for position, each in enumerate(listed, start=1):
        try:
            facts.append(parse_fact(each))
        except InvalidFactError as invalid:
            raise InvalidCaseError(str(invalid), position=position, field=invalid.field) from None
    _refuse_second_person(facts)
    return Case(as_of=as_of, known_on=known_on, facts=tuple(facts))


def parse_fact(told: object) -> Fact:
    """Read one fact from a JSON object; unknown fields are ignored, null is as absent.

    Raises InvalidFactError.
    """
    if not isinstance(told, Mapping):
        raise InvalidFactError(None, "fact", f"a fact is an object, not {kind_of(told)}")
    name = told.get("fact")
    if not isinstance(name, str):
        why = "is missing" if name is None else f"is text, not {kind_of(name)}"
        raise InvalidFactError(None, "fact", why)
    if name not in FACT_TYPES:
        known = ", ".join(FACT_TYPES)
        raise InvalidFactError(None, "fact", f"{quoted(name)} is unknown; known are {known}")
    values: dict[str, object] = {}
    for field, required in _fields(name):
        try:
            values[field] = (_required if required else _optional)(told, field, reader_of(field))
        except _UnreadableError as unreadable:
            raise InvalidFactError(name, field, unreadable.why) from None
    fact: Fact = FACT_TYPES[name](**values)  # type: ignore[arg-type]  # read field by field above
    _refuse_contradictions(name, fact)
    return fact


class _UnreadableError(ValueError):
    """A value is not what its field holds."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"field {field}: {why}")
        self.field = field
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
                f"{type(fact).__name__}, field person: {quoted(fact.person)} is a second person;"
                f" fact {first[0]} is about {quoted(first[1])}"
            )
            raise InvalidCaseError(why, position=position, field="person")
