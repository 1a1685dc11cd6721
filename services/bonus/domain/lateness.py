"""Which facts came late: recorded before an assessment that should have known them and did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Told(Protocol):
    """A fact, as far as its coming late is concerned."""

    @property
    def recorded_at(self) -> datetime:
        """When it was told to somebody."""

    @property
    def employer(self) -> str | None:
        """The employer it is about, if it is about no person."""


@dataclass(frozen=True, slots=True)
class Look:
    """One assessment of the person: when it was made, what it knew, and of which employers."""

    assessed_at: datetime
    facts: tuple[str, ...]
    employers: Set[str]


@dataclass(frozen=True, slots=True)
class Late:
    """A fact that came late."""

    fact_id: str
    recorded_at: datetime
    known_at: datetime
    """When the first assessment that knew it was made."""


def late_facts(looks: Iterable[Look], told: Mapping[str, Told]) -> Iterator[tuple[int, Late]]:
    """Every late fact, with the place of the look that was the first to know it.

    Looks are given in the order in which they were made. A fact about an employer is asked for by
    those looks only that knew the person to be there: before, its absence meant nothing.
    """
    known: set[str] = set()
    last_look: datetime | None = None
    last_look_at: dict[str, datetime] = {}
    for place, look in enumerate(looks):
        for fact_id in look.facts:
            if fact_id in known or fact_id not in told:
                continue
            known.add(fact_id)
            fact = told[fact_id]
            missed_at = last_look if fact.employer is None else last_look_at.get(fact.employer)
            if missed_at is not None and fact.recorded_at < missed_at:
                yield place, Late(fact_id, fact.recorded_at, look.assessed_at)
        last_look = max(last_look or look.assessed_at, look.assessed_at)
        for employer in look.employers:
            before = last_look_at.get(employer, look.assessed_at)
            last_look_at[employer] = max(before, look.assessed_at)
