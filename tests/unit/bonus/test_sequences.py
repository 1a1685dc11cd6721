"""Every sequence of up to five of a dozen facts, each told on a day of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest

from services.bonus.domain.assessment import Assessment, Instalment, Status
from services.bonus.domain.differences import Line, LineKey, differences
from services.bonus.domain.engine import assess
from services.bonus.domain.facts import Fact
from services.bonus.rules import load_rules
from tests.unit.bonus.alphabet import ALPHABET, COMPETING, known_before, told_on

LONGEST: Final = 5
SEQUENCES: Final = 12 + 132 + 1_320 + 11_880 + 95_040
AS_OF: Final = date(2018, 6, 1)
FIRST_TOLD: Final = date(2018, 1, 1)
CEILING: Final = 40_000

Sequence = tuple[int, ...]
Stored = dict[LineKey, Line]
Results = dict[object, object]

# What different orders give is compared across the tests of this file: they run in one process.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results() -> Results:
    """What came out, by what may decide it."""
    return {}


def look(facts: list[Fact], known_on: date) -> Assessment:
    return assess(facts, as_of=AS_OF, known_on=known_on, rules=load_rules())


class Walk:
    """Goes through the sequences that begin with one letter, each after the one it continues."""

    def __init__(self, results: Results) -> None:
        self.tried = 0
        self.results = results

    def go_on(
        self, sequence: Sequence, facts: list[Fact], before: Assessment, kept: Stored
    ) -> None:
        """Try a sequence and all that continue it; `before` and `kept` are without its last."""
        day = FIRST_TOLD + timedelta(days=len(sequence))
        found = look(facts, day)
        self.tried += 1
        the_order_of_telling_changes_nothing(facts, day, found)
        what_was_known_the_day_before_still_gives_the_same(facts, day, before)
        every_line_is_well_formed(found)
        only_what_competes_depends_on_which_came_last(self.results, sequence, found)
        stored = told_one_by_one_it_comes_to_the_same(kept, found)
        if len(sequence) == LONGEST:
            return
        for letter in range(len(ALPHABET)):
            if letter not in sequence:
                fact = told_on(day + timedelta(days=1), letter)
                self.go_on((*sequence, letter), [*facts, fact], found, stored)


def the_order_of_telling_changes_nothing(facts: list[Fact], day: date, found: Assessment) -> None:
    """Delivered backwards, and the newest three twice, the same facts give the same."""
    assert look([*facts[-3:], *reversed(facts)], day) == found


def what_was_known_the_day_before_still_gives_the_same(
    facts: list[Fact], day: date, before: Assessment
) -> None:
    assert look(facts, day - timedelta(days=1)) == before


def every_line_is_well_formed(found: Assessment) -> None:
    due: dict[str, int] = {}
    dates: dict[object, dict[str, date]] = {}
    for line in found.instalments:
        assert (line.amount_dkk == 0) == (line.reason is not None)
        assert bool(line.missing) == (line.status is Status.AWAITING)
        due[line.employer] = due.get(line.employer, 0) + line.amount_dkk
        dates.setdefault((line.scheme, line.placements), {})[line.milestone] = line.due_on
    assert all(total <= CEILING for total in due.values())
    assert all(each.get("M6", date.min) <= each.get("M12", date.max) for each in dates.values())


def only_what_competes_depends_on_which_came_last(
    results: Results, sequence: Sequence, found: Assessment
) -> None:
    """The facts of a sequence that speak of different things may come in any order."""
    competing = tuple(
        tuple(letter for letter in sequence if letter in rivals) for rivals in COMPETING
    )
    claims = [(c.milestone, c.employer, c.amount_dkk) for c in found.repayment_claims]
    result = [decided(line) for line in found.instalments], claims
    assert results.setdefault((frozenset(sequence), competing), result) == result


def decided(line: Instalment) -> tuple[object, ...]:
    return line.milestone, line.employer, line.due_on, line.amount_dkk, line.status, line.reason


def told_one_by_one_it_comes_to_the_same(kept: Stored, found: Assessment) -> Stored:
    """What is stored after each change is worth what the assessment of all facts says."""
    stored = dict(kept)
    worth = sum(line.entitled_ore for line in kept.values())
    for difference in differences(kept, found):
        stored[difference.key] = difference.after
        worth += difference.entitlement_change_ore
    due = [line.amount_dkk for line in found.instalments if line.status is Status.DUE]
    assert worth == sum(line.entitled_ore for line in stored.values()) == 100 * sum(due)
    assert not differences(stored, found)
    return stored


@pytest.mark.parametrize("first", range(len(ALPHABET)))
def test_every_sequence_that_begins_with(first: int, results: Results) -> None:
    base = known_before(FIRST_TOLD)
    before = look(base, FIRST_TOLD)
    kept = told_one_by_one_it_comes_to_the_same({}, before)
    walk = Walk(results)
    walk.go_on((first,), [*base, told_on(FIRST_TOLD + timedelta(days=1), first)], before, kept)
    assert walk.tried == SEQUENCES // len(ALPHABET)
