"""What is known of one bonus case, laid out in time: what lasted, and what happened on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from services.bonus.domain.assessment import Assessment, Status
from services.bonus.domain.days import day_before, days_after, months_after
from services.bonus.domain.facts import (
    BonusApplied,
    CourseCompleted,
    EmploymentConfirmed,
    Fact,
    LeaveRecorded,
    PayoutSettled,
    PlacementExtended,
)
from services.bonus.domain.history import History, known_facts
from services.bonus.domain.placements import placements_of
from services.bonus.domain.spells import EXTENDED_MILESTONE, Spell, spells_of
from shared.values.money import ore

SHOWN_MONTHS: Final = 24
"""From the first start at least these are shown: the two years a bonus is about."""


class Lane(StrEnum):
    """What lasts."""

    EMPLOYMENT = "employment"
    HOURS = "hours"
    LEAVE = "leave"
    EXTENSION = "extension"


class Happening(StrEnum):
    """What happens on a day."""

    CERTIFICATE = "certificate"
    APPLIED = "applied"
    MILESTONE = "milestone"
    ORDERED = "ordered"
    PAID = "paid"
    RETURNED = "returned"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something that lasted, both days included."""

    lane: Lane
    first_day: date
    last_day: date | None
    """None while it runs."""
    about: str
    """Ids of the placement, or the kind of leave."""
    employer: str | None = None
    """Of an employment; None where it is not the reader's to know."""
    hours: Decimal | None = None
    annulled: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, or is to happen, on a day."""

    happening: Happening
    day: date
    milestone: str | None = None
    amount_ore: int | None = None
    status: Status | None = None
    """Of a milestone: where its instalment stands."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A case in time; the stretches by lane and day, the moments by day."""

    first_day: date
    last_day: date
    stretches: tuple[Stretch, ...]
    moments: tuple[Moment, ...]


def timeline_of(
    facts: Iterable[Fact],
    assessment: Assessment,
    *,
    employer: str,
    scheme: str,
    orders: Iterable[Moment] = (),
    for_employer: bool = False,
) -> Timeline | None:
    """Lay out the case of one employer and scheme as the assessment knew it; None if unheard of.

    `orders` are not facts: whoever knows of them adds them. `for_employer` leaves out what was told
    at others; only the days of those before it are shown, since they count.
    """
    history = History(known_facts(facts, assessment.known_on))
    spells = [
        spell
        for spell in spells_of(placements_of(history))
        if spell.scheme == scheme and any(each.employer == employer for each in spell.placements)
    ]
    if not spells:
        return None
    only = employer if for_employer else None
    stretches = [each for spell in spells for each in _stretches(spell, history, only)]
    moments = [
        *(each for spell in spells for each in _told(spell, employer, history, only)),
        *_assessed(assessment.of_case(employer, scheme)),
        *orders,
    ]
    first_day = min([spell.start for spell in spells])
    return Timeline(
        first_day=min([first_day, *(each.day for each in moments)]),
        last_day=max([months_after(first_day, SHOWN_MONTHS), *(each.day for each in moments)]),
        stretches=tuple(sorted(stretches, key=_lane_order)),
        moments=tuple(sorted(moments, key=_day_order)),
    )


def _day_order(moment: Moment) -> tuple[date, int, str]:
    """Of one day, in the order things follow from each other."""
    return moment.day, tuple(Happening).index(moment.happening), moment.milestone or ""


def _lane_order(stretch: Stretch) -> tuple[int, date]:
    return tuple(Lane).index(stretch.lane), stretch.first_day


def _stretches(spell: Spell, history: History, only: str | None) -> Iterator[Stretch]:
    """What lasted, or of it what concerns `only` this employer."""
    ids = spell.ids if only is None else spell.ids_at(only)
    yield from _employments(spell, only)
    for worked in history.about(ids, EmploymentConfirmed):
        yield Stretch(Lane.HOURS, worked.first_day, worked.last_day, "", hours=worked.hours)
    for leave in history.about(ids, LeaveRecorded):
        yield Stretch(Lane.LEAVE, leave.first_day, leave.last_day, leave.leave)
    ends_here = only in {None, spell.placements[-1].employer}
    extensions = history.about(spell.ids if ends_here else ids, PlacementExtended)
    if extensions and extensions[-1].days > 0:
        # The last recorded is the whole of it.
        first = months_after(spell.start, SHOWN_MONTHS)
        last = day_before(days_after(first, extensions[-1].days))
        yield Stretch(Lane.EXTENSION, first, last, EXTENDED_MILESTONE)


def _employments(spell: Spell, only: str | None) -> Iterator[Stretch]:
    last_own = max(
        (each.started_on for each in spell.placements if each.employer == only), default=None
    )
    for placement in spell.placements:
        is_told = only in {None, placement.employer}
        if not is_told and last_own is not None and placement.started_on > last_own:
            continue
        yield Stretch(
            Lane.EMPLOYMENT,
            placement.started_on,
            None if placement.end is None else placement.end.last_day,
            ", ".join(placement.ids) if is_told else "",
            employer=placement.employer if is_told else None,
            annulled=placement.annulled_by is not None,
        )


def _told(spell: Spell, employer: str, history: History, only: str | None) -> Iterator[Moment]:
    """What was told of the case's own placements in the spell."""
    ids = spell.ids_at(employer)
    for applied in history.about(ids, BonusApplied):
        yield Moment(Happening.APPLIED, applied.filed_on, applied.milestone)
    for completed in history.about(spell.ids if only is None else ids, CourseCompleted):
        yield Moment(Happening.CERTIFICATE, completed.certificate_issued_on)
    for paid in _movements(history.about(ids, PayoutSettled)):
        happening = Happening.RETURNED if paid.amount_dkk < 0 else Happening.PAID
        yield Moment(happening, paid.settled_on, paid.milestone, ore(abs(paid.amount_dkk)))


def _movements(told: Sequence[PayoutSettled]) -> Iterable[PayoutSettled]:
    """A movement told several times counts as last recorded."""
    return {each.settlement or (each.milestone, each.settled_on): each for each in told}.values()


def _assessed(assessment: Assessment) -> Iterator[Moment]:
    for line in assessment.instalments:
        amount_ore = ore(line.amount_dkk)
        yield Moment(
            Happening.MILESTONE, line.due_on, line.milestone, amount_ore, status=line.status
        )
    for claim in assessment.repayment_claims:
        yield Moment(Happening.CLAIMED, claim.raised_on, claim.milestone, ore(claim.amount_dkk))
