"""Hours of a spell, exact: each confirmation is spread evenly over its days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import Final

from services.bonus.domain.facts import EmploymentConfirmed
from services.bonus.domain.history import History
from services.bonus.domain.placements import Placement
from services.bonus.domain.spells import Spell

DAYS_PER_WEEK: Final = 7
DECIMALS_SHOWN: Final = 4

Stretch = tuple[int, int]
"""Days as ordinals: the first, and the one after the last."""


@dataclass(slots=True, eq=False)
class ConfirmedHours:
    """What is confirmed of the days from a spell's start to the day before a milestone."""

    numerator: int
    """Of the hours, as an exact fraction that need not be in lowest terms."""
    denominator: int
    days: int
    """Days in all."""
    days_confirmed: int
    confirmations: tuple[EmploymentConfirmed, ...]
    """Those that count on some day, by placement, the last recorded first."""

    @property
    def hours(self) -> Fraction:
        """The hours in all."""
        return Fraction(self.numerator, self.denominator)

    @property
    def is_complete(self) -> bool:
        """Whether every day is confirmed."""
        return self.days_confirmed == self.days

    def weekly_exceeds(self, limit: Fraction) -> bool:
        """Whether the average hours a week over all the days are above a limit."""
        return (
            self.numerator * DAYS_PER_WEEK * limit.denominator
            > limit.numerator * self.denominator * self.days
        )


@dataclass(slots=True, eq=False)
class Counting:
    """A confirmation with the days of its placement on which it is the one that counts."""

    confirmation: EmploymentConfirmed
    stretches: tuple[Stretch, ...]
    hours: int
    """In so many parts of an hour a day."""
    parts: int


def counting_in(spell: Spell, history: History) -> tuple[Counting, ...]:
    """List the confirmations of a spell's placements, by placement, the last recorded first.

    A confirmation counts only on days of its placement; where several share one, it is the last
    recorded's.
    """
    counting: list[Counting] = []
    for placement in spell.placements:
        told = history.about(placement.ids, EmploymentConfirmed)
        if told:
            counting += _counting(placement, told)
    return tuple(counting)


def _counting(placement: Placement, told: Sequence[EmploymentConfirmed]) -> Iterator[Counting]:
    start = placement.started_on.toordinal()
    end = placement.last_day.toordinal() + 1
    taken: list[Stretch] = []
    for confirmation in reversed(told):
        first = confirmation.first_day.toordinal()
        until = confirmation.last_day.toordinal() + 1
        free = _without((max(start, first), min(end, until)), taken)
        if free:
            hours, parts = confirmation.hours.as_integer_ratio()
            yield Counting(confirmation, tuple(free), hours, parts * (until - first))
            taken = _merged([*taken, *free])


def confirmed_hours(start: date, due_on: date, counting: Sequence[Counting]) -> ConfirmedHours:
    """Add up what the confirmations of a spell say of its days before `due_on`.

    Concurrent placements add up. Whole numbers over a common denominator are exact, and added
    faster than fractions.
    """
    end = due_on.toordinal()
    numerator, denominator = 0, 1
    covered: list[Stretch] = []
    confirmations = []
    for each in counting:
        days = 0
        for first, until in each.stretches:
            if first < end:
                stretch = (first, until if until < end else end)
                covered.append(stretch)
                days += stretch[1] - first
        if days:
            common = lcm(denominator, each.parts)
            numerator *= common // denominator
            numerator += each.hours * days * (common // each.parts)
            denominator = common
            confirmations.append(each.confirmation)
    return ConfirmedHours(
        numerator=numerator,
        denominator=denominator,
        days=end - start.toordinal(),
        days_confirmed=sum([until - first for first, until in _merged(covered)]),
        confirmations=tuple(confirmations),
    )


def _without(stretch: Stretch, taken: list[Stretch]) -> list[Stretch]:
    """Cut the taken stretches, which are in order and apart, out of one."""
    first, end = stretch
    free: list[Stretch] = []
    for taken_first, taken_end in taken:
        if first < min(taken_first, end):
            free.append((first, min(taken_first, end)))
        first = max(first, taken_end)
    if first < end:
        free.append((first, end))
    return free


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    """Join stretches that overlap or adjoin; the result is in order and apart."""
    if len(stretches) <= 1:
        return stretches
    merged: list[Stretch] = []
    for first, end in sorted(stretches):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((first, end))
    return merged


def exact(value: Fraction) -> str:
    """Write a number out: as a decimal if that is short, else as a fraction too."""
    scaled = value * 10**DECIMALS_SHOWN
    whole, rest = divmod(scaled.numerator, scaled.denominator * 10**DECIMALS_SHOWN)
    decimals = str(rest // scaled.denominator).rjust(DECIMALS_SHOWN, "0")
    if scaled.denominator == 1:
        return f"{whole}.{decimals}".rstrip("0").rstrip(".")
    return f"{value.numerator}/{value.denominator} (about {whole}.{decimals})"
