"""Hours of a spell, exact: each confirmation is spread evenly over its days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from services.bonus.domain.facts import EmploymentConfirmed
from services.bonus.domain.history import History
from services.bonus.domain.placements import Placement
from services.bonus.domain.spells import Spell

DAYS_PER_WEEK: Final = 7
DECIMALS_SHOWN: Final = 4

Stretch = tuple[int, int]
"""Days as ordinals: the first, and the one after the last."""


@dataclass(frozen=True, slots=True)
class ConfirmedHours:
    """What is confirmed of the days from a spell's start to the day before a milestone."""

    hours: Fraction
    days: int
    """Days in all."""
    days_confirmed: int
    confirmations: tuple[EmploymentConfirmed, ...]
    """Those that count on some day, by placement, the last recorded first."""

    @property
    def is_complete(self) -> bool:
        """Whether every day is confirmed."""
        return self.days_confirmed == self.days

    @property
    def weekly(self) -> Fraction:
        """The average hours a week over all the days."""
        return Fraction(self.hours * DAYS_PER_WEEK, self.days)


def confirmed_hours(spell: Spell, due_on: date, history: History) -> ConfirmedHours:
    """Add up what the confirmations of a spell's placements say of the days before `due_on`.

    A confirmation counts only on days of its placement; concurrent placements add up.
    """
    window = spell.start.toordinal(), due_on.toordinal()
    hours = Fraction(0)
    covered: list[Stretch] = []
    counting = []
    for placement in spell.placements:
        for confirmation, stretches in _what_counts(placement, window, history):
            hours += _hours_on(confirmation, sum(end - first for first, end in stretches))
            covered += stretches
            counting.append(confirmation)
    return ConfirmedHours(
        hours=hours,
        days=window[1] - window[0],
        days_confirmed=sum(end - first for first, end in _merged(covered)),
        confirmations=tuple(counting),
    )


def _what_counts(
    placement: Placement, window: Stretch, history: History
) -> Iterator[tuple[EmploymentConfirmed, list[Stretch]]]:
    """Give each confirmation its days: where several share one, it is the last recorded's."""
    first = max(window[0], placement.started_on.toordinal())
    end = min(window[1], placement.last_day.toordinal() + 1)
    taken: list[Stretch] = []
    for confirmation in reversed(history.about(placement.ids, EmploymentConfirmed)):
        told = (
            max(first, confirmation.first_day.toordinal()),
            min(end, confirmation.last_day.toordinal() + 1),
        )
        free = list(_without(told, taken))
        if free:
            yield confirmation, free
            taken = list(_merged([*taken, *free]))


def _hours_on(confirmation: EmploymentConfirmed, days: int) -> Fraction:
    whole = confirmation.last_day.toordinal() - confirmation.first_day.toordinal() + 1
    return Fraction(confirmation.hours) * Fraction(days, whole)


def _without(stretch: Stretch, taken: Iterable[Stretch]) -> Iterator[Stretch]:
    """Cut the taken stretches, which are in order and apart, out of one."""
    first, end = stretch
    for taken_first, taken_end in taken:
        if first < min(taken_first, end):
            yield first, min(taken_first, end)
        first = max(first, taken_end)
    if first < end:
        yield first, end


def _merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Join stretches that overlap or adjoin; the result is in order and apart."""
    current: Stretch | None = None
    for first, end in sorted(stretches):
        if current is None:
            current = first, end
        elif first <= current[1]:
            current = current[0], max(current[1], end)
        else:
            yield current
            current = first, end
    if current is not None:
        yield current


def exact(value: Fraction) -> str:
    """Write a number out: as a decimal if that is short, else as a fraction too."""
    scaled = value * 10**DECIMALS_SHOWN
    whole, rest = divmod(scaled.numerator, scaled.denominator * 10**DECIMALS_SHOWN)
    decimals = str(rest // scaled.denominator).rjust(DECIMALS_SHOWN, "0")
    if scaled.denominator == 1:
        return f"{whole}.{decimals}".rstrip("0").rstrip(".")
    return f"{value.numerator}/{value.denominator} (about {whole}.{decimals})"
