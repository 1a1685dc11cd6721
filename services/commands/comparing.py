"""What other rules would change, written for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from shared.values.money import format_kroner

if TYPE_CHECKING:
    from services.bonus.domain.effects import Totals
    from services.bonus.handlers.comparing import Comparison

COMPANIES_SHOWN_MAX: Final = 20


def comparison_lines(
    comparison: Comparison, parameters: Sequence[Mapping[str, object]], seen_on: date | None
) -> list[str]:
    """Parameters, counts, kroner, what became what, and the companies with most instalments."""
    return list(_lines(comparison, parameters, seen_on))


def _lines(
    comparison: Comparison, parameters: Sequence[Mapping[str, object]], seen_on: date | None
) -> Iterator[str]:
    for each in parameters:
        yield f"{each['name']}: {each['before']} -> {each['after']}"
    if not parameters:
        yield "No parameter differs from those in force."
    sums, most = comparison.sums, comparison.companies
    on = f", seen on {seen_on}" if seen_on else ""
    yield f"{comparison.persons:,} persons assessed by both{on}."
    yield (
        f"{sums.persons:,} persons would stand otherwise: {sums.cases:,} cases and"
        f" {sums.instalments:,} instalments at {len(most):,} companies."
    )
    yield from (f"  {line}" for line in _kroner(sums))
    if comparison.transitions:
        yield "From where to where:"
    for (before, after), count in comparison.transitions.most_common():
        yield f"  {before} -> {after}: {count:,}"
    if most:
        yield "Companies with most instalments that change:"
    for employer, of_one in most[:COMPANIES_SHOWN_MAX]:
        yield f"  {employer}: {of_one.instalments:,} instalments; {'; '.join(_kroner(of_one))}"
    if len(most) > COMPANIES_SHOWN_MAX:
        yield f"  and {len(most) - COMPANIES_SHOWN_MAX:,} more (--json lists them all)"


def _kroner(sums: Totals) -> list[str]:
    told = {
        "paid more": sums.paid_more_ore,
        "paid less": sums.paid_less_ore,
        "claimed back": sums.claimed_back_ore,
        "no longer claimed": sums.no_longer_claimed_ore,
        "expected, not due yet": sums.expected_change_ore,
    }
    some = [f"{name} {format_kroner(amount, 'en')}" for name, amount in told.items() if amount]
    return some or ["no kroner"]
