"""What a new assessment changes, in which order, and what it is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.bonus.domain.assessment import Missing, Reason, Status
from services.bonus.domain.differences import Difference, Line, LineKey, differences
from tests.unit.bonus.stories import ALFA, BETA, assessed, job, person, sector

AWAITING = Line(
    due_on=date(2017, 3, 1),
    amount_ore=2_000_000,
    status=Status.AWAITING,
    reason=None,
    missing=(Missing.APPLICATION, Missing.CONFIRMATION),
    rule="O6",
    law="integrationsloven § 46, stk. 2",
)
DUE = replace(AWAITING, status=Status.DUE, missing=())
LOWER = replace(DUE, amount_ore=1_500_000)
REFUSED = replace(AWAITING, status=Status.REFUSED, reason=Reason.ANNULLED, amount_ore=0, missing=())
M6 = LineKey(ALFA, "ordinary", "M6")
M12 = LineKey(ALFA, "ordinary", "M12")


def test_what_is_as_it_was_is_no_difference() -> None:
    assessment = assessed(job())
    first = differences({}, assessment)
    assert {each.key for each in first} == {M6, M12}
    assert all(each.before is None for each in first)
    assert differences({each.key: each.after for each in first}, assessment) == ()


def test_an_instalment_no_longer_listed_gives_no_payment() -> None:
    gone = LineKey(BETA, "ordinary", "M6")
    found = {each.key: each for each in differences({gone: DUE}, assessed(job()))}
    assert found[gone].after == REFUSED
    assert found[gone].entitlement_change_ore == -2_000_000


def test_a_right_is_given_up_before_another_is_taken() -> None:
    gone = LineKey(BETA, "ordinary", "M6")
    found = differences({gone: DUE}, assessed(person(), sector(), job()))
    assert [(each.key.employer, each.after.status) for each in found] == [
        (BETA, Status.REFUSED),
        (ALFA, Status.DUE),
        (ALFA, Status.DUE),
    ]


@pytest.mark.parametrize(
    ("before", "after", "change_ore"),
    [
        (None, AWAITING, 0),
        (None, DUE, 2_000_000),
        (AWAITING, DUE, 2_000_000),
        (DUE, LOWER, -500_000),
        (LOWER, DUE, 500_000),
        (DUE, REFUSED, -2_000_000),
        (REFUSED, AWAITING, 0),
    ],
)
def test_a_difference_is_worth_what_the_right_changes_by(
    before: Line | None, after: Line, change_ore: int
) -> None:
    assert Difference(M6, before, after).entitlement_change_ore == change_ore


@pytest.mark.parametrize(
    ("before", "after", "told", "new_verdict"),
    [
        (None, AWAITING, True, True),
        (AWAITING, replace(AWAITING, missing=(Missing.APPLICATION,)), False, False),
        (AWAITING, replace(AWAITING, due_on=date(2017, 4, 1)), True, False),
        (AWAITING, DUE, True, True),
        (REFUSED, replace(REFUSED, reason=Reason.EMPLOYER_PUBLIC), True, True),
    ],
)
def test_others_are_told_of_what_concerns_them(
    before: Line | None, after: Line, *, told: bool, new_verdict: bool
) -> None:
    difference = Difference(M6, before, after)
    assert difference.is_told is told
    assert difference.verdict_changed is new_verdict
