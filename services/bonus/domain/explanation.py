"""An assessment written out for people: rule, law, arithmetic, the facts used, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from services.bonus.domain.assessment import (
    Assessment,
    Check,
    Instalment,
    Price,
    RepaymentClaim,
    Status,
)
from services.bonus.domain.facts import Fact

INDENT: Final = "  "


def explain(assessment: Assessment) -> str:
    """Write the whole assessment, one paragraph a line of money, without control characters."""
    lines = [f"Seen on {assessment.as_of}, as known on {assessment.known_on}."]
    if not assessment.instalments:
        lines.append("No placement here carries a bonus.")
    for instalment in assessment.instalments:
        lines += ["", *explain_instalment(instalment)]
    for claim in assessment.repayment_claims:
        lines += ["", _claim(claim)]
    if assessment.flags:
        lines += ["", f"Flags: {', '.join(assessment.flags)}"]
    return "\n".join(_printable(line) for line in lines) + "\n"


def explain_instalment(instalment: Instalment) -> Iterator[str]:
    """Write one instalment: where it stands, then what it is worth, then every test."""
    yield (
        f"{instalment.scheme} {instalment.milestone}, employer {instalment.employer},"
        f" due {instalment.due_on}: {_standing(instalment)}"
    )
    yield f"{INDENT}from {instalment.start}, placement {', '.join(instalment.placements)}"
    if instalment.price is not None:
        yield INDENT + _price(instalment.price)
    for check in instalment.checks:
        yield INDENT + explain_check(check)


def explain_check(check: Check) -> str:
    """Write one test: verdict, code, comparison, rule and law, and the facts compared."""
    told = facts_told(check.facts)
    return (
        f"{check.verdict}: {check.code}: {check.arithmetic} [{check.rule}, {check.law}]"
        f"{f' ({told})' if told else ''}"
    )


def facts_told(facts: Iterable[Fact]) -> str:
    """Name facts by kind and the days they were recorded."""
    named = ((type(fact).__name__, fact.recorded_on.isoformat()) for fact in facts)
    return "; ".join(
        f"{kind} of {', '.join(dict.fromkeys(day for _, day in days))}"
        for kind, days in groupby(named, key=lambda each: each[0])
    )


def kroner(amount_dkk: int) -> str:
    """Write whole kroner for English readers."""
    return f"{amount_dkk:,} kr."


def _standing(instalment: Instalment) -> str:
    amount = kroner(instalment.amount_dkk)
    if instalment.reason is not None:
        return f"{instalment.status} {instalment.reason} [{instalment.rule}, {instalment.law}]"
    if instalment.status is Status.AWAITING:
        return f"{instalment.status} {amount}, missing: {', '.join(instalment.missing)}"
    if instalment.status is Status.PENDING:
        return f"{instalment.status}, forecast {amount}"
    return f"{instalment.status} {amount}"


def _price(price: Price) -> str:
    told = facts_told(price.facts)
    return (
        f"amount: {kroner(price.amount_dkk)}: {price.arithmetic} [{price.rule}, {price.law}]"
        f"{f' ({told})' if told else ''}"
    )


def _claim(claim: RepaymentClaim) -> str:
    due = claim.paid_dkk - claim.amount_dkk
    return (
        f"Claim, {claim.scheme} {claim.milestone}, employer {claim.employer}:"
        f" paid {claim.paid_dkk} - due {due} = {kroner(claim.amount_dkk)},"
        f" raised on {claim.raised_on}: {claim.reason} ({facts_told(claim.facts)})"
    )


def _printable(line: str) -> str:
    """Ids and reasons come from outside: what a terminal would obey is shown escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in line
    )
