"""A timeline as a picture: whole numbers on a canvas a thousand units wide, drawn by a template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.bonus.domain.days import day_after, days_between, months_after
from services.bonus.domain.timeline import Happening, Lane, Moment, Stretch, Timeline
from services.bonus.pages.words import Words

WIDTH: Final = 1000
LEFT: Final = 170
RIGHT: Final = 24
ROW: Final = 34
BAR: Final = 18
TOP: Final = 30
CHARACTER: Final = 8
"""About as wide as one is in the picture's text."""
TICKS_MAX: Final = 14
TICK_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its name on the left."""

    name: str
    y: int


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch on its row."""

    x: int
    y: int
    width: int
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A moment on its row, with a label beside it on whichever side there is room."""

    x: int
    y: int
    style: str
    label: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A day on the axis."""

    x: int
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything the template draws, and the same as lines of a table."""

    height: int
    rows: tuple[Row, ...]
    boxes: tuple[Box, ...]
    pins: tuple[Pin, ...]
    ticks: tuple[Tick, ...]
    seen_at: int | None
    """Where the day it is seen on lies, if on the picture."""
    table: tuple[tuple[str, str, str, str], ...]
    """What, from, until, and more about it."""


def draw(timeline: Timeline, seen_on: date, words: Words) -> Drawing:
    """Lay the timeline out."""
    scale = _Scale(timeline)
    rows: list[Row] = []
    boxes: list[Box] = []
    for lane in Lane:
        of_lane = [each for each in timeline.stretches if each.lane is lane]
        if of_lane:
            y = TOP + ROW * len(rows)
            rows.append(Row(words.lane(lane), y))
            boxes += [_box(each, y, scale, words) for each in of_lane]
    pins = []
    for name, happenings in _rows_of_moments(words):
        of_row = [each for each in timeline.moments if each.happening in happenings]
        levels = list(_levels(of_row, scale, words))
        if levels:
            y = TOP + ROW * len(rows)
            rows += [
                Row("" if level else name, y + ROW * level) for level in range(max(levels) + 1)
            ]
            pins += [
                _pin(each, y + ROW * level, scale, words)
                for each, level in zip(of_row, levels, strict=True)
            ]
    is_on_it = timeline.first_day <= seen_on <= timeline.last_day
    return Drawing(
        height=TOP + ROW * len(rows) + ROW // 2,
        rows=tuple(rows),
        boxes=tuple(boxes),
        pins=tuple(pins),
        ticks=tuple(_ticks(timeline, scale, words)),
        seen_at=scale.x(seen_on) if is_on_it else None,
        table=tuple(_table(timeline, words)),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a day lies; what lies outside the days shown lies at their edge."""

    timeline: Timeline

    def x(self, day: date) -> int:
        first = self.timeline.first_day
        days = max(1, days_between(first, day_after(self.timeline.last_day)))
        within = min(max(0, days_between(first, day)), days)
        return LEFT + within * (WIDTH - LEFT - RIGHT) // days


def _rows_of_moments(words: Words) -> Iterator[tuple[str, tuple[Happening, ...]]]:
    yield words.of(("Skæringsdage", "Milestones")), (Happening.MILESTONE,)
    papers = (Happening.APPLIED, Happening.CERTIFICATE)
    yield words.of(("Ansøgning og bevis", "Papers")), papers
    yield words.of(("Penge", "Money")), tuple(set(Happening) - {Happening.MILESTONE, *papers})


def _box(stretch: Stretch, y: int, scale: _Scale, words: Words) -> Box:
    first = scale.x(stretch.first_day)
    last = scale.x(date.max if stretch.last_day is None else day_after(stretch.last_day))
    style = f"{stretch.lane}{' annulled' if stretch.annulled else ''}"
    about = _about(stretch, words)
    until = _until(stretch, words)
    text = f"{words.lane(stretch.lane)}: {words.day(stretch.first_day)} - {until}. {about}".strip()
    return Box(first, y, max(2, last - first), style, text)


def _levels(moments: Sequence[Moment], scale: _Scale, words: Words) -> Iterator[int]:
    """For each moment the first line on which its label runs into no other."""
    taken: list[list[tuple[int, int]]] = []
    for moment in moments:
        x, length = scale.x(moment.day), CHARACTER * (len(_label(moment, words)) + 3)
        span = (x - length, x) if _is_right(x) else (x, x + length)
        free = (
            number
            for number, spans in enumerate(taken)
            if all(span[1] < begin or end < span[0] for begin, end in spans)
        )
        level = next(free, len(taken))
        if level == len(taken):
            taken.append([])
        taken[level].append(span)
        yield level


def _is_right(x: int) -> bool:
    return x > (LEFT + WIDTH) // 2


def _pin(moment: Moment, y: int, scale: _Scale, words: Words) -> Pin:
    x = scale.x(moment.day)
    style = f"{moment.happening} {moment.status.lower() if moment.status else ''}".strip()
    text = f"{words.day(moment.day)}: {words.happening(moment.happening)}, {_more(moment, words)}"
    anchor = "end" if _is_right(x) else "start"
    return Pin(x, y, style, _label(moment, words), text.removesuffix(", "), anchor)


def _label(moment: Moment, words: Words) -> str:
    name = moment.milestone or words.happening(moment.happening)
    if moment.happening is Happening.APPLIED:
        return f"{words.happening(moment.happening)} {name}"
    if not moment.amount_ore:
        return name
    amount = words.kroner(moment.amount_ore)
    if moment.happening is Happening.MILESTONE:
        return f"{name}: {amount}"
    return f"{words.happening(moment.happening)} {name}: {amount}"


def _ticks(timeline: Timeline, scale: _Scale, words: Words) -> Iterator[Tick]:
    """Days on the axis, no more than there is room for, each so many months after the first."""
    shown = days_between(timeline.first_day, timeline.last_day)
    step = next((each for each in TICK_MONTHS if shown <= each * 30 * TICKS_MAX), TICK_MONTHS[-1])
    for number in range(TICKS_MAX + 2):
        day = months_after(timeline.first_day, step * number)
        if day > timeline.last_day:
            return
        label = f"{day:%m.%Y}" if words.language == "da" else f"{day:%Y-%m}"
        yield Tick(scale.x(day), label)


def _table(timeline: Timeline, words: Words) -> Iterator[tuple[str, str, str, str]]:
    for each in timeline.stretches:
        until = _until(each, words)
        yield words.lane(each.lane), words.day(each.first_day), until, _about(each, words)
    for moment in timeline.moments:
        yield words.happening(moment.happening), words.day(moment.day), "", _more(moment, words)


def _until(stretch: Stretch, words: Words) -> str:
    if stretch.last_day is None:
        return words.of(("fortsætter", "still running"))
    return words.day(stretch.last_day)


def _about(stretch: Stretch, words: Words) -> str:
    told = [words.leave(stretch.about) if stretch.lane is Lane.LEAVE else stretch.about]
    if stretch.lane is Lane.EMPLOYMENT and stretch.employer is None:
        told.append(words.of(("anden arbejdsgiver", "another employer")))
    if stretch.employer is not None:
        told.append(f"CVR {stretch.employer}")
    if stretch.hours is not None:
        told.append(words.hours(stretch.hours))
    if stretch.annulled:
        told.append(words.of(("annulleret", "annulled")))
    return ", ".join(each for each in told if each)


def _more(moment: Moment, words: Words) -> str:
    told = []
    if moment.milestone is not None:
        told.append(words.milestone(moment.milestone))
    if moment.status is not None:
        told.append(words.status(moment.status))
    if moment.amount_ore:
        told.append(words.kroner(moment.amount_ore))
    return ", ".join(told)
