"""A spell is what one clock runs over: placements that overlap, adjoin or continue each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.bonus.domain.days import day_after, day_before, days_after, days_between, months_after
from services.bonus.domain.facts import PlacementExtended
from services.bonus.domain.grouping import groups_of
from services.bonus.domain.history import History
from services.bonus.domain.placements import Placement

ORDINARY: Final = "ordinary"
IGU: Final = "igu"
SCHEMES: Final = (ORDINARY, IGU)
EXTENDED_MILESTONE: Final = "M24"
CARRYING_OVER: Final = ("company_closed", "dismissed")


@dataclass(frozen=True, slots=True)
class Gap:
    """Days inside a spell on which nothing ran; `next_start` is the first day after them."""

    first_day: date
    next_start: date

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return days_between(self.first_day, self.next_start)


@dataclass(slots=True, eq=False)
class Spell:
    """Placements of one scheme under one clock, in order; an annulled one is alone in its spell."""

    scheme: str
    placements: tuple[Placement, ...]
    start: date
    """The first start date: tests at the start and the price go by it."""
    ids: tuple[str, ...]
    """Every id of every placement, sorted."""

    @property
    def last_ending(self) -> Placement:
        """The placement with the latest last day; none known is latest, of equals the last."""
        latest_first = reversed(self.placements)
        # Of equals, max takes the one it meets first.
        return max(latest_first, key=lambda each: (each.end is None, each.last_day))

    @property
    def reaching_furthest(self) -> Placement:
        """The first placement that no other outlasts."""
        if len(self.placements) == 1:
            return self.placements[0]
        return max(self.placements, key=lambda each: (each.last_day, each.end is None))

    def gaps(self) -> Iterator[Gap]:
        """List the gaps between placements, none of them before the start of the spell."""
        reached = day_before(self.start)
        for placement in self.placements:
            first = day_after(reached)
            if first < placement.started_on:
                yield Gap(first, placement.started_on)
            reached = max(reached, placement.last_day)

    def ids_at(self, employer: str) -> Collection[str]:
        """Every id of the placements at an employer."""
        if len(self.placements) == 1:
            return self.ids
        return {each for at in self.placements if at.employer == employer for each in at.ids}

    def payee_on(self, due_on: date) -> Placement:
        """The last placement that had started by then, even if that one has ended."""
        for placement in reversed(self.placements):
            if placement.started_on <= due_on:
                return placement
        raise AssertionError("the first placement starts before any milestone")


def spells_of(placements: Sequence[Placement]) -> tuple[Spell, ...]:
    """Group the placements of each scheme, which are in order, into spells."""
    spells: list[Spell] = []
    for scheme in SCHEMES:
        of_scheme = [each for each in placements if each.kind == scheme]
        if not of_scheme:
            continue
        standing = [each for each in of_scheme if each.annulled_by is None]
        spells += [_spell(scheme, (each,)) for each in of_scheme if each.annulled_by is not None]
        joined = [*_adjoining(standing), *_continuing(standing)] if len(standing) > 1 else []
        for group in groups_of(len(standing), joined):
            spells.append(_spell(scheme, tuple([standing[number] for number in group])))
    return tuple(spells)


def _spell(scheme: str, placements: tuple[Placement, ...]) -> Spell:
    first = placements[0]
    ids = first.ids
    if len(placements) > 1:
        ids = tuple(sorted(each for placement in placements for each in placement.ids))
    return Spell(scheme, placements, first.started_on, ids)


def _adjoining(placements: Sequence[Placement]) -> Iterator[tuple[int, int]]:
    """Join each with the earlier one at its employer that reaches furthest, if it reaches it.

    Whatever else it adjoins already adjoins that one, since starts only grow.
    """
    furthest: dict[str, int] = {}
    for number, placement in enumerate(placements):
        before = furthest.setdefault(placement.employer, number)
        if before != number and placements[before].adjoins(placement):
            yield before, number
        if placement.last_day >= placements[before].last_day:
            furthest[placement.employer] = number


def _continuing(placements: Sequence[Placement]) -> Iterator[tuple[int, int]]:
    """Join each with the one it validly continues."""
    by_id = {each: number for number, placement in enumerate(placements) for each in placement.ids}
    for number, placement in enumerate(placements):
        before = by_id.get(placement.continues or "")
        if before is not None and _continues(placements[before], placement):
            yield before, number


def _continues(before: Placement, after: Placement) -> bool:
    if before.end is None:
        return False
    if before.kind == ORDINARY:
        adjoins = days_between(before.last_day, after.started_on) == 1
        return before.end.reason == "business_transfer" and adjoins
    return before.end.reason in CARRYING_OVER and before.last_day < after.started_on


def due_date(spell: Spell, milestone: str, months: int, history: History) -> date:
    """The day the milestone is reached: months from the start, extension, then gaps, in order.

    A gap moves it only if it begins before the date so far: after a reached milestone none does.
    """
    due_on = months_after(spell.start, months)
    if milestone == EXTENDED_MILESTONE:
        extensions = history.about(spell.ids, PlacementExtended)
        if extensions:
            # The last recorded is the whole of it: they don't add up.
            due_on = days_after(due_on, extensions[-1].days)
    if len(spell.placements) > 1:
        for gap in spell.gaps():
            if gap.first_day < due_on:
                due_on = days_after(due_on, gap.days)
    return due_on
