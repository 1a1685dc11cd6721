"""What was asked about a repayment claim, written down: rule, law, comparison, and facts.

No act orders repayment, so nothing here decides: a caseworker does, and must be able to follow how
the sum, the day, the reason and the last day for claiming it came about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.bonus.domain.assessment import Check, ClaimReason, ClaimTest, Verdict
from services.bonus.domain.facts import Fact, PayoutSettled
from services.bonus.domain.rules import Rules


@dataclass(frozen=True, slots=True)
class ClaimWorking:
    """Everything a claim's figures were worked out from."""

    rules: Rules
    scheme: str
    as_of: date
    movements: Sequence[PayoutSettled]
    """Of the line, each once."""
    amount_dkk: int
    amount_before_dkk: int
    """What was claimed by what was known before the day the claim was raised."""
    raised_on: date
    reason: ClaimReason
    facts: tuple[Fact, ...]
    """Those that give the reason."""
    without: Mapping[str, int]
    """By kind of fact: what would be claimed without such a fact of that day, where it is less."""


def claim_checks(working: ClaimWorking) -> tuple[Check, ...]:
    """Write down counting, sum, day, reason and time-bar, in this order (rules C1 to C5)."""
    return (
        _counted_once(working),
        _paid_too_much(working),
        _raised_on(working),
        _reason(working),
        _time_barred(working),
    )


def _counted_once(working: ClaimWorking) -> Check:
    told = "; ".join(f"{each.amount_dkk} kr. on {each.settled_on}" for each in working.movements)
    return _found(working, ClaimTest.MOVEMENTS_COUNTED_ONCE, told, tuple(working.movements))


def _paid_too_much(working: ClaimWorking) -> Check:
    paid = sum(each.amount_dkk for each in working.movements)
    told = f"paid {paid} - due {paid - working.amount_dkk} = {working.amount_dkk}"
    code = ClaimTest.PAID_TOO_MUCH
    source = working.rules.sources[working.scheme, code]
    return Check(code, source.rule, source.law, Verdict.RAISED, told, tuple(working.movements))


def _raised_on(working: ClaimWorking) -> Check:
    told = (
        f"{working.amount_dkk} kr. claimed since {working.raised_on};"
        f" {working.amount_before_dkk} kr. by what was known before"
    )
    return _found(working, ClaimTest.CLAIM_RAISED_ON, told, working.facts)


def _reason(working: ClaimWorking) -> Check:
    compared = [
        f"without {kind}: {amount} < {working.amount_dkk}"
        for kind, amount in working.without.items()
    ]
    told = "; ".join(compared or [f"no fact of {working.raised_on} makes it by itself"])
    return _found(
        working, ClaimTest.CLAIM_REASON, f"reason {working.reason}; {told}", working.facts
    )


def _time_barred(working: ClaimWorking) -> Check:
    last_paid = max(
        (each for each in working.movements if each.amount_dkk > 0),
        key=lambda each: each.settled_on,
    )
    parameter = working.rules.shared.repayment_limit
    limit = parameter.on(last_paid.settled_on)
    source = parameter.source_on(last_paid.settled_on)
    in_time = limit.holds(last_paid.settled_on, working.as_of)
    return Check(
        ClaimTest.CLAIM_TIME_BARRED,
        source.rule,
        source.law,
        Verdict.PASSED if in_time else Verdict.FAILED,
        f"seen {limit.written(last_paid.settled_on, working.as_of)}",
        (last_paid,),
    )


def _found(working: ClaimWorking, code: ClaimTest, told: str, facts: tuple[Fact, ...]) -> Check:
    source = working.rules.sources[working.scheme, code]
    return Check(code, source.rule, source.law, Verdict.FOUND, told, facts)
