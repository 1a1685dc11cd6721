"""Other rules held against those in force, over everybody stored or over cases; none is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.bonus.domain.assessment import Assessment
from services.bonus.domain.differences import Line
from services.bonus.domain.effects import Effect, Totals, added, effects, money_told, totals
from services.bonus.domain.engine import paid_told
from services.bonus.domain.facts import Fact
from services.bonus.domain.parsing import Case
from services.bonus.domain.rules import Rules
from services.bonus.handlers.assessing import assess_known, load_facts
from services.bonus.handlers.trying import effect_object, load_standing
from services.bonus.store import facts, trials
from shared.messaging.work import Work

PAGE_PERSONS = 500
"""Read at once: a page is in memory, the persons before it are forgotten."""

Progress = Callable[[int, int], None]
"""Told how many persons of how many have been assessed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sets of rules."""

    own: Rules
    other: Rules

    def assess(
        self, known: Sequence[Fact], as_of: date, known_on: date | None = None
    ) -> tuple[Assessment, Assessment]:
        """What these facts come to by each, as known on `known_on`; absent = all of them."""
        return (
            assess_known(known, as_of=as_of, known_on=known_on, rules=self.own),
            assess_known(known, as_of=as_of, known_on=known_on, rules=self.other),
        )


@dataclass
class Comparison:
    """What other rules would change, added up as it is found."""

    listed_max: int
    """So many instalments are kept to be listed; the others are only counted."""
    persons: int = 0
    """Assessed by both rules."""
    sums: Totals = field(default_factory=lambda: totals(()))
    by_company: dict[str, Totals] = field(default_factory=dict)
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many instalments went from where to where."""
    listed: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, found: Sequence[Effect], case_ids: Mapping[tuple[str, str, str], str] | None = None
    ) -> None:
        """Add what the other rules change for one person."""
        self.persons += 1
        if not found:
            return
        self.sums = added(self.sums, totals(found))
        for employer in {each.key.employer for each in found}:
            of_one = totals(each for each in found if each.key.employer == employer)
            before = self.by_company.get(employer)
            self.by_company[employer] = added(before, of_one) if before else of_one
        self.transitions.update((_standing(each.before), _standing(each.after)) for each in found)
        room = self.listed_max - len(self.listed)
        self.listed += [effect_object(each, case_ids or {}) for each in found[: max(0, room)]]

    @property
    def companies(self) -> list[tuple[str, Totals]]:
        """What changes at each company, those with most instalments first."""
        return sorted(self.by_company.items(), key=lambda each: (-each[1].instalments, each[0]))

    def as_object(self) -> dict[str, object]:
        """For programs; amounts in øre."""
        return {
            "persons_assessed": self.persons,
            "sums": {**self.sums.as_object(), "companies": len(self.by_company)},
            "transitions": [
                {"before": before, "after": after, "instalments": count}
                for (before, after), count in self.transitions.most_common()
            ],
            "companies": [
                {"employer": employer, **_without_companies(of_one)}
                for employer, of_one in self.companies
            ],
            "differences": self.listed,
            "differences_not_listed": self.sums.instalments - len(self.listed),
        }


async def compare_stored(
    work: Work, pair: Pair, comparison: Comparison, *, as_of: date | None, progress: Progress
) -> date:
    """Assess everybody stored by both rules, page by page, as of a day (today); that day.

    Everything is read at one instant, in a transaction that can write nothing and holds no lock.
    """
    await trials.hold_still(work.connection)
    count = await facts.count_persons(work.connection)
    day, last = as_of or work.today, facts.NOBODY
    while persons := await trials.list_persons_after(work.connection, last, limit=PAGE_PERSONS):
        known = await load_facts(work.connection, persons)
        seen = {person: pair.assess(known[person], day) for person in persons}
        differing = [person for person in persons if effects(person, *seen[person], {})]
        money, case_ids = await load_standing(work.connection, differing)
        for person in persons:
            # Without its money nothing of a person differs either.
            comparison.add(effects(person, *seen[person], money.get(person, {})), case_ids)
        last = persons[-1]
        progress(comparison.persons, count)
    return day


def compare_cases(cases: Iterable[Case], pair: Pair, comparison: Comparison) -> None:
    """Assess cases by both rules, each as of its own day; they are named by their number."""
    for number, case in enumerate(cases, start=1):
        paid = paid_told(case.facts, known_on=case.known_on, rules=pair.own)
        before, after = pair.assess(case.facts, case.as_of, case.known_on)
        comparison.add(effects(f"case {number}", before, after, money_told(paid)))


def _standing(line: Line | None) -> str:
    if line is None:
        return "none"
    return f"{line.status.value} {line.reason.value}" if line.reason else line.status.value


def _without_companies(of_one: Totals) -> dict[str, int]:
    told = of_one.as_object()
    del told["companies"]
    return told
