"""Registering somebody again is answered by what differs: nothing, or a correction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What the law needs to know of a person; None is what has not been told."""

    category: str | None = None
    permit_granted_on: date | None = None
    born_on: date | None = None
    resident_since: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is told."""
        return self == PersonFields()


def differing(known: PersonFields, told: PersonFields) -> PersonFields:
    """The fields told that are not what is known; what is not told erases nothing."""
    return PersonFields(
        category=_news(known.category, told.category),
        permit_granted_on=_news(known.permit_granted_on, told.permit_granted_on),
        born_on=_news(known.born_on, told.born_on),
        resident_since=_news(known.resident_since, told.resident_since),
    )


def corrected(known: PersonFields, told: PersonFields) -> PersonFields:
    """What is known once each field told has replaced its predecessor."""
    return PersonFields(
        category=told.category or known.category,
        permit_granted_on=told.permit_granted_on or known.permit_granted_on,
        born_on=told.born_on or known.born_on,
        resident_since=told.resident_since or known.resident_since,
    )


def with_birth_date_of_number(
    told: PersonFields, born_on: date, known: PersonFields | None
) -> PersonFields:
    """Take the birth date from the number where nobody has told another.

    A birth date told outright outranks the number's, also when somebody else registers the same
    person later without one.
    """
    if told.born_on is not None or (known is not None and known.born_on is not None):
        return told
    return replace(told, born_on=born_on)


def _news(known: T | None, told: T | None) -> T | None:
    return told if told != known else None
