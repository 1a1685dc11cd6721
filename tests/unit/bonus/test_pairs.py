"""Every rule has a case on each side of its boundary, or a reason why none can show it."""

from __future__ import annotations

import pytest

from services.bonus.domain.parsing import InvalidCaseError
from services.bonus.rules import load_rules
from services.bonus.rules.book import load_book
from tests.unit.bonus.coverage import table
from tests.unit.bonus.pairs import Side, came_out, pairs, uncoverable

SIDES = [side for pair in pairs() for side in pair]


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_a_side_of_a_boundary_comes_out_as_expected(side: Side) -> None:
    if side.refused:
        with pytest.raises(InvalidCaseError, match=side.refused):
            side.parse()
    else:
        assert came_out(side.parse(), load_rules()) == side.expect


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair[0].name)
def test_the_two_sides_of_a_boundary_differ(pair: tuple[Side, Side]) -> None:
    holds, fails = pair
    assert holds.expect
    assert (holds.expect, holds.refused) != (fails.expect, fails.refused)


def test_every_rule_is_covered_on_both_sides_or_says_why_not() -> None:
    covered = {rule for pair in pairs() for rule in pair[0].rules}
    assert covered | set(uncoverable()) == set(load_book())
    assert not covered & set(uncoverable())


def test_the_table_of_coverage_names_every_rule() -> None:
    text = table()
    assert [line.split()[0] for line in text.splitlines() if line[0] != " "] == list(load_book())
    assert "hired on the permit's second anniversary, or the day after" in text
    assert "cases, among them 44-application-after-the-3-year-limitation" in text
    assert "no fact tells which companies belong to one group" in text
