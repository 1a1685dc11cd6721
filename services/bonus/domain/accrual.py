"""What of an expected bonus has grown by a day, and what is posted so that the memorandum says so.

An open instalment grows by its days from the start to the day before the milestone, and is posted
at the end of each month; what a month's part loses to whole øre the last one takes. Whatever closes
the instalment takes everything back. So what is accrued depends on the line and the day alone, not
on the way there (docs/law.md, P1 and P2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.bonus.domain.assessment import Status
from services.bonus.domain.days import day_after, day_before, days_between
from services.bonus.domain.differences import Line
from services.bonus.domain.postings import Account, Entry, EntryKind, entry
from shared.values.dates import add_months

LAW: Final = "ingen lovhjemmel: periodisering til orientering"
"""No act asks for it: the memorandum is for whoever plans the money."""
OPEN: Final = frozenset({Status.PENDING, Status.AWAITING})


@dataclass(frozen=True, slots=True)
class Accrued:
    """What is posted of one instalment so far."""

    amount_ore: int = 0
    through: date | None = None
    """The last day accounted for; None before the first look."""
    entries: int = 0
    """How many entries were ever posted: numbers the next one."""


@dataclass(frozen=True, slots=True)
class Part:
    """One posting to be made; negative takes back."""

    kind: EntryKind
    accrued_on: date
    amount_ore: int


def month_end_by(day: date) -> date:
    """The last day of a month that is no later than the day."""
    if day_after(day).month != day.month:
        return day
    return day_before(day.replace(day=1))


def accrued_by(line: Line, through: date) -> int:
    """What of the line's amount has grown by the end of the day, in whole øre, rounded down."""
    if line.status is Status.AWAITING:
        return line.amount_ore
    if line.status is not Status.PENDING or line.start is None:
        return 0
    return _grown(line, line.start, through)


def _grown(line: Line, start: date, through: date) -> int:
    days = days_between(start, line.due_on)
    gone = min(max(days_between(start, day_after(through)), 0), days)
    return line.amount_ore * gone // days if days > 0 else 0


DayAmounts = Sequence[tuple[date, int]]
"""Days, each with the øre posted for it."""


def parts(held: Accrued, line: Line, as_of: date, later: DayAmounts = ()) -> tuple[Part, ...]:
    """What is to be posted so that the accrual fits the line as seen on a day; () when it does.

    Each month that has passed since the last look has a part of its own; what became known since
    then is set right by one part on the day itself. `later` is what of a line now due is posted
    for days after its milestone.
    """
    if line.status not in OPEN:
        return _closing(held, line, as_of, later)
    through = min(held.through or as_of, _through(line, as_of))
    if held.through is None:
        through = _through(line, as_of)
    start = line.start or line.due_on
    base = line.amount_ore if through >= day_before(line.due_on) else _grown(line, start, through)
    changed = base - held.amount_ore
    found = [Part(EntryKind.ACCRUAL_CHANGED, as_of, changed)] if changed else []
    for day in _days_after(through, line, as_of):
        grown = _grown(line, start, day) if day < day_before(line.due_on) else line.amount_ore
        if grown != base:
            found.append(Part(EntryKind.BONUS_ACCRUED, day, grown - base))
            base = grown
    return tuple(found)


def accrued_after(held: Accrued, posted: tuple[Part, ...], line: Line, as_of: date) -> Accrued:
    """What is posted once these parts are."""
    return Accrued(
        amount_ore=held.amount_ore + sum(part.amount_ore for part in posted),
        through=_through(line, as_of),
        entries=held.entries + len(posted),
    )


def accrual_entry(instalment_id: str, part: Part, sequence: int) -> Entry:
    """Post one part on the memorandum's two accounts."""
    return entry(
        instalment_id,
        part.kind,
        part.accrued_on,
        (Account.BONUS_ACCRUED, part.amount_ore),
        (Account.ACCRUED_CONTRA, -part.amount_ore),
        sequence=sequence,
    )


def _closing(held: Accrued, line: Line, as_of: date, later: DayAmounts) -> tuple[Part, ...]:
    if not held.amount_ore:
        return ()
    if line.status is Status.DUE:
        return tuple(
            Part(EntryKind.ACCRUAL_RELEASED, day, -amount)
            for day, amount in _to_release(held, line.due_on, later)
            if amount
        )
    return (Part(EntryKind.ACCRUAL_TAKEN_BACK, as_of, -held.amount_ore),)


def _to_release(held: Accrued, due_on: date, later: DayAmounts) -> Iterator[tuple[date, int]]:
    """What is released on which day: on no day does both expense and accrual show, or less than 0.

    The milestone's day releases what was posted up to it; what was posted for a later day, because
    it became known late, is released on that day. The last day comes first, so that what is left
    in between is what stood on the day before, never negative.
    """
    left = held.amount_ore
    for day, amount in sorted(later, reverse=True):
        if day > due_on and amount <= left:
            yield day, amount
            left -= amount
    yield due_on, left


def _through(line: Line, as_of: date) -> date:
    """The last day accounted for after a look: a month's end, or the day before the milestone."""
    month_end = month_end_by(as_of)
    if line.status is Status.AWAITING:
        return max(month_end, day_before(line.due_on))
    return month_end


def _days_after(through: date, line: Line, as_of: date) -> Iterator[date]:
    """The days on which a part is posted, after one: the ends of months, at last the milestone's.

    The last part is posted when the milestone is reached, and belongs to the day before.
    """
    last = day_before(line.due_on)
    until = min(month_end_by(as_of), last)
    day = _next_month_end(through)
    while day <= until:
        yield day
        day = _next_month_end(day)
    if line.status is Status.AWAITING and through < last != month_end_by(last):
        yield last


def _next_month_end(day: date) -> date:
    return day_before(add_months(day_after(day).replace(day=1), 1))
