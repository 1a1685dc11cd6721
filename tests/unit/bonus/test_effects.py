"""What a change of facts or rules does in money, whatever was paid, claimed or waived before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.bonus.domain.assessment import Reason, Status
from services.bonus.domain.differences import Line, LineKey
from services.bonus.domain.effects import Effect, added, effects, money_told, totals
from services.bonus.domain.engine import paid_told
from services.bonus.domain.payouts import Claim, Money, Payout
from services.bonus.rules import load_rules
from tests.unit.bonus.stories import assessed, ended, job, paid, person, sector, tell

KEY = LineKey("99000007", "ordinary", "M6")
LINE = Line(date(2017, 3, 1), 2_000_000, Status.DUE, None, (), "O6", "l")
LESS = replace(LINE, amount_ore=1_500_000)
REFUSED = replace(LINE, amount_ore=0, status=Status.REFUSED, reason=Reason.ANNULLED)
REVIEW = replace(REFUSED, status=Status.REVIEW, reason=Reason.SECTOR_UNKNOWN)
PENDING = replace(LINE, status=Status.PENDING)
NOTHING = Money()
PAID = Money((Payout("p", "i", 1, 2_000_000, settled_ore=2_000_000),))
ORDERED = Money((Payout("p", "i", 1, 2_000_000, settled_ore=500_000),))
REJECTED = Money((Payout("p", "i", 1, 2_000_000, rejected=True),))
WAIVED = replace(PAID, claims=(Claim("c", "i", 1, 0, waived_ore=500_000),))


@pytest.mark.parametrize(
    ("money", "before", "after", "expected"),
    [
        (NOTHING, None, LINE, {"paid_more": 2_000_000}),
        (NOTHING, LINE, REFUSED, {"paid_less": 2_000_000}),
        (NOTHING, LINE, LESS, {"paid_less": 500_000}),
        (NOTHING, None, PENDING, {"expected_change": 2_000_000}),
        (NOTHING, PENDING, LINE, {"paid_more": 2_000_000, "expected_change": -2_000_000}),
        (PAID, LINE, REFUSED, {"claimed_back": 2_000_000}),
        (PAID, LINE, LESS, {"claimed_back": 500_000}),
        (PAID, LESS, LINE, {"no_longer_claimed": 500_000}),
        (PAID, None, LINE, {"no_longer_claimed": 2_000_000}),
        (PAID, LINE, REVIEW, {}),
        (PAID, LINE, replace(LINE, due_on=date(2017, 4, 1)), {}),
        (ORDERED, LINE, LESS, {"claimed_back": 500_000}),
        (REJECTED, LINE, LESS, {"paid_less": 500_000}),
        (WAIVED, LINE, LESS, {}),
        (WAIVED, LINE, REFUSED, {"claimed_back": 1_500_000}),
    ],
)
def test_what_a_change_does_in_money(
    money: Money, before: Line | None, after: Line, expected: dict[str, int]
) -> None:
    effect = Effect("P1", KEY, before, after, money)
    names = ("paid_more", "paid_less", "claimed_back", "no_longer_claimed", "expected_change")
    found = {name: getattr(effect, f"{name}_ore") for name in names}
    assert {name: amount for name, amount in found.items() if amount} == expected


def test_a_line_that_is_no_longer_there_counts_as_refused() -> None:
    before = assessed(person(), sector(), job(), paid(20000))
    (m6, m12) = sorted(
        effects("P1", before, assessed(person(), sector()), {KEY: PAID}), key=lambda e: e.key
    )[::-1]
    assert (m6.after.status, m6.claimed_back_ore) == (Status.REFUSED, 2_000_000)
    assert m12.paid_less_ore == 2_000_000


def test_the_same_assessment_has_no_effect() -> None:
    told = [person(), sector(), *job()]
    assert effects("P1", assessed(told), assessed(told), {}) == ()


def test_the_money_of_a_case_is_what_its_facts_say_was_paid() -> None:
    told = [person(), sector(), *job(), paid(20000), paid(20000, on="2017-03-12")]
    back = tell(
        "PayoutSettled",
        placement="L1",
        milestone="M12",
        amount_dkk=-1,
        settled_on="2017-10-01",
        on="2017-10-01",
    )
    known = date(2020, 1, 1)
    found = paid_told([*told, back], known_on=known, rules=load_rules())
    assert found == {KEY: 20000, KEY._replace(milestone="M12"): -1}
    assert money_told(found)[KEY].kept_ore == 2_000_000
    assert list(money_told(found)) == [KEY]


def test_sums_add_up_and_count_cases_once() -> None:
    told = [person(), sector(), *job()]
    found = effects("P1", assessed(told), assessed(told, ended("2016-12-01")), {})
    one = totals(found)
    assert (one.persons, one.cases, one.companies, one.instalments) == (1, 1, 1, 2)
    assert one.paid_less_ore == 4_000_000
    assert added(one, one).paid_less_ore == 8_000_000
    assert added(one, totals(())) == one
