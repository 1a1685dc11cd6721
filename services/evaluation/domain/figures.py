"""Figures of the programme on two days, as known on a third.

Places are promises and persons are people: they are counted side by side and never added.
A count of persons from 1 to 4 is withheld from the public, and so is whatever would give it away.
None stands for a figure withheld. Zero is told: it points at nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

SMALLEST_COUNT_TOLD = 5
"""Usual practice of Danish authorities for anything that leaves them."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Persons with an active placement of one kind on a day."""

    everywhere: int | None
    at_members: int | None
    """Of these, those placed at a company that was a member on that day."""


@dataclass(frozen=True, slots=True)
class Bonus:
    """Instalments of one scheme and milestone that fell due up to a day, and what they come to."""

    scheme: str
    milestone: str
    instalments: int | None
    amount_ore: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The programme on one day."""

    day: date
    companies: int
    """Members on that day."""
    places: Mapping[str, int]
    """Places pledged that stand open on that day, by kind."""
    persons: Mapping[str, Persons]
    """By kind of placement; who has placements of two kinds is counted under both."""
    bonus: tuple[Bonus, ...]
    notices: int
    """Mails sent up to that day."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The programme before and after, as known on a day."""

    known_on: date
    before: Moment
    after: Moment
    started: Mapping[str, int | None]
    """Persons who began a placement from the one day to the other, both included, by kind."""


def for_the_public(figures: Figures) -> Figures:
    """The same figures without the small ones."""
    return replace(
        figures,
        before=_moment_for_the_public(figures.before),
        after=_moment_for_the_public(figures.after),
        started={kind: _told(count) for kind, count in figures.started.items()},
    )


def _moment_for_the_public(moment: Moment) -> Moment:
    return replace(
        moment,
        persons={kind: _persons_for_the_public(each) for kind, each in moment.persons.items()},
        bonus=tuple(_bonus_for_the_public(each) for each in moment.bonus),
    )


def _persons_for_the_public(persons: Persons) -> Persons:
    """Who is not at a member's is the difference of the two figures, so that counts as well."""
    everywhere, at_members = persons.everywhere, persons.at_members
    assert everywhere is not None, "figures are withheld once"
    assert at_members is not None, "figures are withheld once"
    elsewhere = everywhere - at_members
    return Persons(
        everywhere=_told(everywhere),
        at_members=_told(at_members) if _told(elsewhere) is not None else None,
    )


def _bonus_for_the_public(bonus: Bonus) -> Bonus:
    """The amount would tell the number, since every instalment has one of a few amounts."""
    assert bonus.instalments is not None, "figures are withheld once"
    if _told(bonus.instalments) is None:
        return replace(bonus, instalments=None, amount_ore=None)
    return bonus


def _told(count: int | None) -> int | None:
    assert count is not None, "figures are withheld once"
    return None if 0 < count < SMALLEST_COUNT_TOLD else count
