"""The months of an instalment add up, follow every change, and leave nothing behind."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bonus.domain.accrual import (
    Accrued,
    Part,
    accrual_entry,
    accrued_after,
    accrued_by,
    month_end_by,
    parts,
)
from services.bonus.domain.assessment import Reason, Status
from services.bonus.domain.differences import Line
from services.bonus.domain.postings import Account, EntryKind

START, DUE_ON = date(2016, 9, 15), date(2017, 3, 15)
AHEAD = Line(DUE_ON, 2_000_000, Status.PENDING, None, (), "O6", "§ 46", START)
WAITING = replace(AHEAD, status=Status.AWAITING)
DUE = replace(AHEAD, status=Status.DUE)
REFUSED = replace(AHEAD, status=Status.REFUSED, reason=Reason.ANNULLED, amount_ore=0)
REVIEW = replace(REFUSED, status=Status.REVIEW, reason=Reason.SECTOR_UNKNOWN)


def day(text: str) -> date:
    return date.fromisoformat(text)


def look(held: Accrued, line: Line, on: date) -> tuple[Accrued, tuple[Part, ...]]:
    posted = parts(held, line, on)
    return accrued_after(held, posted, line, on), posted


def told(posted: tuple[Part, ...]) -> list[tuple[str, str, int]]:
    return [(each.kind.value, str(each.accrued_on), each.amount_ore) for each in posted]


@pytest.mark.parametrize(
    ("given_day", "month_end"),
    [
        ("2017-03-01", "2017-02-28"),
        ("2017-02-28", "2017-02-28"),
        ("2016-02-28", "2016-01-31"),
        ("2017-12-31", "2017-12-31"),
    ],
)
def test_the_last_month_s_end_by_a_day(given_day: str, month_end: str) -> None:
    assert month_end_by(day(given_day)) == day(month_end)


def test_each_month_has_the_part_of_its_days_and_the_last_takes_the_rest() -> None:
    held, posted = look(Accrued(), AHEAD, day("2016-09-20"))
    assert posted == ()
    held, posted = look(held, AHEAD, day("2017-02-28"))
    assert told(posted) == [
        ("bonus_accrued", "2016-09-30", 176_795),
        ("bonus_accrued", "2016-10-31", 342_542),
        ("bonus_accrued", "2016-11-30", 331_491),
        ("bonus_accrued", "2016-12-31", 342_542),
        ("bonus_accrued", "2017-01-31", 342_541),
        ("bonus_accrued", "2017-02-28", 309_392),
    ]
    held, posted = look(held, WAITING, DUE_ON)
    assert told(posted) == [("bonus_accrued", "2017-03-14", 154_697)]
    assert (held.amount_ore, held.entries) == (2_000_000, 7)
    assert parts(held, WAITING, day("2017-09-01")) == ()
    assert told(parts(held, DUE, day("2017-09-01"))) == [
        ("accrual_released", "2017-03-15", -2_000_000)
    ]


def test_what_is_told_late_is_accrued_at_once_on_the_day_it_is_known() -> None:
    held, posted = look(Accrued(), AHEAD, day("2017-01-10"))
    assert told(posted) == [("accrual_changed", "2017-01-10", 1_193_370)]
    assert held.through == day("2016-12-31")
    _, posted = look(Accrued(), WAITING, day("2017-06-10"))
    assert told(posted) == [("accrual_changed", "2017-06-10", 2_000_000)]
    assert parts(Accrued(), DUE, day("2017-06-10")) == ()


def test_what_was_accrued_after_the_milestone_is_released_on_its_own_day() -> None:
    held, _ = look(Accrued(), WAITING, day("2017-06-10"))
    later = [(day("2017-06-10"), 2_000_000)]
    assert told(parts(held, DUE, day("2017-06-12"), later)) == [
        ("accrual_released", "2017-06-10", -2_000_000)
    ]
    earlier_due = replace(DUE, due_on=day("2017-01-01"))
    held = Accrued(2_000_000, day("2017-03-14"), 2)
    later = [(day("2017-01-31"), 700_000), (day("2017-02-28"), 100_000)]
    assert told(parts(held, earlier_due, day("2017-04-01"), later)) == [
        ("accrual_released", "2017-02-28", -100_000),
        ("accrual_released", "2017-01-31", -700_000),
        ("accrual_released", "2017-01-01", -1_200_000),
    ]


def test_another_amount_or_milestone_moves_what_is_accrued() -> None:
    held, _ = look(Accrued(), AHEAD, day("2017-01-10"))
    lower = replace(AHEAD, amount_ore=1_500_000)
    _, posted = look(held, lower, day("2017-01-12"))
    assert told(posted) == [("accrual_changed", "2017-01-12", 895_027 - 1_193_370)]
    later = replace(AHEAD, due_on=day("2017-09-15"))
    _, posted = look(held, later, day("2017-01-12"))
    assert told(posted) == [("accrual_changed", "2017-01-12", 591_780 - 1_193_370)]


def test_before_the_start_nothing_grows() -> None:
    held, posted = look(Accrued(), AHEAD, day("2016-07-10"))
    assert (held, posted) == (Accrued(0, day("2016-06-30"), 0), ())
    _, posted = look(held, AHEAD, day("2016-10-01"))
    assert [each.accrued_on for each in posted] == [day("2016-09-30")]


def test_an_entry_is_balanced_on_accounts_of_its_own() -> None:
    part = Part(EntryKind.BONUS_ACCRUED, day("2016-09-30"), 5)
    entry = accrual_entry("i", part, 3)
    assert entry.postings == ((Account.BONUS_ACCRUED, 5), (Account.ACCRUED_CONTRA, -5))
    assert (entry.sequence, entry.about) == (3, None)


days = st.dates(date(2016, 6, 1), date(2019, 6, 1))
lengths = st.integers(1, 800)
amounts = st.sampled_from((1, 7, 1_500_000, 2_000_000))


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, date]:
    """A line as it can stand on a day: open before or after its milestone, or closed."""
    start, as_of = draw(days), draw(days)
    due_on = start + timedelta(days=draw(lengths))
    line = Line(due_on, draw(amounts), Status.PENDING, None, (), "O6", "§ 46", start)
    reached = (WAITING, DUE) if due_on <= as_of else (AHEAD,)
    model = draw(st.sampled_from((*reached, REFUSED, REVIEW)))
    amount = line.amount_ore if model.status not in (Status.REFUSED, Status.REVIEW) else 0
    return replace(line, status=model.status, reason=model.reason, amount_ore=amount), as_of


@given(days, lengths, amounts, st.lists(days, max_size=12))
def test_over_the_months_the_amount_is_accrued_exactly_however_often_one_looks(
    start: date, length: int, amount: int, looks: list[date]
) -> None:
    line = replace(AHEAD, start=start, due_on=start + timedelta(days=length), amount_ore=amount)
    held = Accrued(0, month_end_by(start - timedelta(days=1)))
    posted: list[Part] = []
    for on in sorted(each for each in looks if start <= each < line.due_on):
        held, new = look(held, line, on)
        posted += new
    waiting = replace(line, status=Status.AWAITING)
    held, new = look(held, waiting, line.due_on)
    posted += new
    assert sum(each.amount_ore for each in posted) == held.amount_ore == amount
    assert all(each.kind is EntryKind.BONUS_ACCRUED for each in posted)
    assert len({each.accrued_on for each in posted}) == len(posted)
    assert all(each.amount_ore > 0 for each in posted)
    once = look(Accrued(0, month_end_by(start - timedelta(days=1))), waiting, line.due_on)[1]
    assert list(once) == posted


@given(st.lists(lines(), min_size=1, max_size=8))
def test_any_changes_come_to_the_balance_of_the_last_line(
    told_lines: list[tuple[Line, date]],
) -> None:
    held = Accrued()
    today = date(2016, 1, 1)
    for line, as_of in sorted(told_lines, key=lambda told: told[1]):
        today = as_of
        held = look(held, line, today)[0]
        assert parts(held, line, today) == (), "a second look finds nothing"
        assert held.amount_ore >= 0
        assert held.amount_ore == look(Accrued(), line, today)[0].amount_ore
        assert held.through is not None
        assert held.amount_ore == accrued_by(line, held.through)
        if line.status not in (Status.PENDING, Status.AWAITING):
            assert held.amount_ore == 0, "nothing stays after a refusal or a release"


@given(st.lists(lines(), min_size=1, max_size=8))
def test_on_no_day_is_less_than_nothing_accrued_or_anything_after_its_release(
    told_lines: list[tuple[Line, date]],
) -> None:
    held = Accrued()
    on_day: Counter[date] = Counter()
    for line, as_of in sorted(told_lines, key=lambda told: told[1]):
        before = left = held.amount_ore
        later = [(each, ore) for each, ore in on_day.items() if each > line.due_on]
        posted = parts(held, line, as_of, later)
        held = accrued_after(held, posted, line, as_of)
        for part in posted:
            on_day[part.accrued_on] += part.amount_ore
            left += part.amount_ore
            assert left >= 0, "told with each part"
        running = list(itertools.accumulate(on_day[each] for each in sorted(on_day)))
        assert all(each >= 0 for each in running)
        if line.status is Status.DUE and before:
            assert not any(
                sum(ore for other, ore in on_day.items() if other <= each)
                for each in (line.due_on, *on_day)
                if each >= line.due_on
            )
