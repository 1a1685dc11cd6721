"""What other facts, or other rules, would change: line by line, and in money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from services.bonus.domain.assessment import Assessment, Status
from services.bonus.domain.differences import Line, LineKey, differences, lines_in
from services.bonus.domain.payouts import Money, Payout
from shared.values.money import ore

EXPECTED = frozenset({Status.PENDING, Status.AWAITING})
"""Not due, and nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One instalment that would stand otherwise, and what that would do; amounts in øre."""

    person: str
    key: LineKey
    before: Line | None
    """None where there is no such instalment."""
    after: Line
    money: Money
    """What was ordered, paid and claimed of it."""

    @property
    def paid_more_ore(self) -> int:
        """What would be paid beyond what is paid or on its way anyway."""
        return max(0, self._to_pay(self.after) - self._to_pay(self.before))

    @property
    def paid_less_ore(self) -> int:
        """What is not paid yet, and would no longer be."""
        return max(0, self._to_pay(self.before) - self._to_pay(self.after))

    @property
    def claimed_back_ore(self) -> int:
        """What is paid, and would be proposed to be claimed back."""
        return max(0, self._excess(self.after) - self._excess(self.before))

    @property
    def no_longer_claimed_ore(self) -> int:
        """What is claimed back, and would no longer be."""
        return max(0, self._excess(self.before) - self._excess(self.after))

    @property
    def expected_change_ore(self) -> int:
        """By what the expected amount, of what is not due yet, would grow or (negative) shrink."""
        return _expected(self.after) - _expected(self.before)

    def _to_pay(self, line: Line | None) -> int:
        return max(0, line.entitled_ore - self._on_its_way.kept_ore) if line else 0

    def _excess(self, line: Line | None) -> int:
        # Whatever is paid without a line is paid too much.
        standing = line or replace(self.after, amount_ore=0, status=Status.REFUSED)
        return self._on_its_way.excess_ore(standing)

    @property
    def _on_its_way(self) -> Money:
        """The money as it stands when every unanswered order has been paid."""
        payouts = self.money.payouts
        return Money(
            tuple(replace(each, settled_ore=each.settled_ore + each.open_ore) for each in payouts),
            self.money.claims,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """What many effects come to; amounts in øre."""

    persons: int
    companies: int
    cases: int
    instalments: int
    paid_more_ore: int
    paid_less_ore: int
    claimed_back_ore: int
    no_longer_claimed_ore: int
    expected_change_ore: int

    def as_object(self) -> dict[str, int]:
        """By name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def effects(
    person: str, before: Assessment, after: Assessment, money: Mapping[LineKey, Money]
) -> tuple[Effect, ...]:
    """Every instalment of one person that would stand otherwise, in the order of their lines.

    An instalment that would no longer be listed gives no payment (as in `differences`).
    """
    found = differences(lines_in(before), after)
    return tuple(
        Effect(person, each.key, each.before, each.after, money.get(each.key, Money()))
        for each in sorted(found, key=lambda each: each.key)
    )


def totals(found: Iterable[Effect]) -> Totals:
    """Add up: a case is a person at an employer in a scheme."""
    all_found = list(found)
    return Totals(
        persons=len({each.person for each in all_found}),
        companies=len({each.key.employer for each in all_found}),
        cases=len({(each.person, each.key.employer, each.key.scheme) for each in all_found}),
        instalments=len(all_found),
        paid_more_ore=sum(each.paid_more_ore for each in all_found),
        paid_less_ore=sum(each.paid_less_ore for each in all_found),
        claimed_back_ore=sum(each.claimed_back_ore for each in all_found),
        no_longer_claimed_ore=sum(each.no_longer_claimed_ore for each in all_found),
        expected_change_ore=sum(each.expected_change_ore for each in all_found),
    )


def added(one: Totals, other: Totals) -> Totals:
    """Both together, where no person and no case is in both; companies are added all the same."""
    return Totals(
        **{name: amount + getattr(other, name) for name, amount in one.as_object().items()}
    )


def money_told(paid_dkk: Mapping[LineKey, int]) -> dict[LineKey, Money]:
    """The money of a case told as facts alone: what was paid, and no order or claim of its own."""
    return {
        key: Money((Payout("", "", 1, ore(paid), settled_ore=ore(paid)),))
        for key, paid in paid_dkk.items()
        if paid > 0
    }


def _expected(line: Line | None) -> int:
    return line.amount_ore if line is not None and line.status in EXPECTED else 0
