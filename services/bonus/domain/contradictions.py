"""What only other facts show to be wrong: kept, counted as the rules have it, and shown.

Unlike a flag it is about single facts: who told one can mend it. Nothing is blocked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.bonus.domain.assessment import Contradiction, ContradictionCode
from services.bonus.domain.facts import (
    EmploymentConfirmed,
    LeaveRecorded,
    PersonCorrected,
    PersonRegistered,
    PlacementStarted,
)
from services.bonus.domain.placements import Placement
from services.bonus.domain.situations import Picture

RULE: Final = "W7"
PERSON_FIELDS: Final = ("category", "permit_granted_on", "born_on", "resident_since")


def contradictions_of(picture: Picture) -> tuple[Contradiction, ...]:
    """List what known facts say against each other; annulled placements don't count."""
    standing = [each for each in picture.placements if each.annulled_by is None]
    found = [*_of_person(picture)]
    for placement in standing:
        found += _of_placement(placement, picture)
    return tuple(found)


def _of_person(picture: Picture) -> Iterator[Contradiction]:
    told: list[PersonRegistered | PersonCorrected] = [
        *picture.history.of(PersonRegistered),
        *picture.history.of(PersonCorrected),
    ]
    for name in PERSON_FIELDS:
        telling = [fact for fact in told if getattr(fact, name) is not None]
        if len({getattr(fact, name) for fact in telling}) > 1:
            says = f"{name} was told differently; the last correction counts, else the last told"
            yield Contradiction(ContradictionCode.PERSON_TOLD_DIFFERENTLY, says, tuple(telling))


def _of_placement(placement: Placement, picture: Picture) -> Iterator[Contradiction]:
    at = placement.employer, placement.kind
    end = placement.end
    if end is not None and end.last_day < placement.started_on:
        says = (
            f"{placement.ids[0]} ends on {end.last_day}, before it begins on"
            f" {placement.started_on}: it runs on no day"
        )
        facts = (*placement.started_by, end)
        yield Contradiction(ContradictionCode.END_BEFORE_START, says, facts, *at)
    yield from _told_differently(placement, picture)
    about = picture.history.about
    hours = about(placement.ids, EmploymentConfirmed)
    yield from _outside(placement, hours, ContradictionCode.HOURS_OUTSIDE_PLACEMENT)
    leave = about(placement.ids, LeaveRecorded)
    yield from _outside(placement, leave, ContradictionCode.LEAVE_OUTSIDE_PLACEMENT)


def _outside(
    placement: Placement,
    told: Sequence[EmploymentConfirmed] | Sequence[LeaveRecorded],
    code: ContradictionCode,
) -> Iterator[Contradiction]:
    for fact in told:
        if fact.first_day < placement.started_on or fact.last_day > placement.last_day:
            until = "on" if placement.end is None else f"to {placement.last_day}"
            says = (
                f"told of {fact.placement} from {fact.first_day} to {fact.last_day}, but it runs"
                f" from {placement.started_on} {until}: days outside count for nothing"
            )
            yield Contradiction(code, says, (fact,), placement.employer, placement.kind)


def _told_differently(placement: Placement, picture: Picture) -> Iterator[Contradiction]:
    for each in placement.ids:
        reports = picture.history.about((each,), PlacementStarted)
        kinds_of_start = {(told.employer, told.kind, told.started_on) for told in reports}
        if len(kinds_of_start) > 1:
            says = f"{each} was told to start in different ways; the last told counts"
            yield Contradiction(
                ContradictionCode.PLACEMENT_TOLD_DIFFERENTLY,
                says,
                tuple(reports),
                placement.employer,
                placement.kind,
            )
