"""An assessment explained: as an object, and written from it for people in English or Danish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from services.bonus.domain.assessment import (
    Assessment,
    Check,
    Explanation,
    Instalment,
    Price,
    RepaymentClaim,
    Status,
)
from services.bonus.domain.facts import Fact
from services.bonus.domain.rules import Rules
from services.bonus.domain.speech import Speech, speech_of
from services.bonus.domain.waiting import Wait, waits_of
from shared.values.money import Language

INDENT: Final = "  "
LANGUAGES: Final[tuple[Language, ...]] = ("en", "da")


def explain(assessment: Assessment, rules: Rules, language: Language = "en") -> str:
    """Write the whole assessment, one paragraph a line of money, without control characters."""
    say = speech_of(language)
    lines = [say.seen(assessment.as_of, assessment.known_on)]
    if not assessment.instalments:
        lines.append(say.nothing)
    for instalment in assessment.instalments:
        why = instalment.explain()
        waits = waits_of(instalment, why.checks, rules)
        lines += ["", *_written(instalment, why, waits, language)]
    for claim in assessment.repayment_claims:
        lines += ["", *_claim_written(claim, claim.explain(), language)]
    if assessment.flags:
        lines += ["", f"{say.flags}: {', '.join(say.flag(each) for each in assessment.flags)}"]
    return "\n".join(printable(line) for line in lines) + "\n"


def _written(
    instalment: Instalment, why: Explanation, waits: Iterable[Wait], language: Language
) -> Iterator[str]:
    """Write one instalment: where it stands, its worth, every test, and what it waits for."""
    say = speech_of(language)
    yield say.heading(instalment) + _standing(instalment, say)
    yield INDENT + say.origin(instalment)
    if why.price is not None:
        yield INDENT + explain_price(why.price, language)
    for check in why.checks:
        yield INDENT + explain_check(check, language)
    for wait in waits:
        yield INDENT + say.wait(wait)


def explain_check(check: Check, language: Language = "en") -> str:
    """Write one test: verdict, code, comparison, rule and law, and the facts compared."""
    say = speech_of(language)
    return (
        f"{say.verdict(check.verdict)}: {say.test(check.code)}: {say.comparison(check.arithmetic)}"
        f" [{check.rule}, {check.law}]{_in_brackets(check.facts, language)}"
    )


def explain_price(price: Price, language: Language = "en") -> str:
    """Write what an instalment is worth, and how it comes to that."""
    say = speech_of(language)
    return (
        f"{say.amount}: {say.kroner(price.amount_dkk)}: {say.comparison(price.arithmetic)}"
        f" [{price.rule}, {price.law}]{_in_brackets(price.facts, language)}"
    )


def explain_claim(claim: RepaymentClaim, language: Language = "en") -> str:
    """Write one claim: paid less due, since when, and the facts to blame."""
    return speech_of(language).claim(claim) + _in_brackets(claim.facts, language)


def _claim_written(
    claim: RepaymentClaim, checks: Iterable[Check], language: Language
) -> Iterator[str]:
    """Write one claim, and everything that was asked about it."""
    yield explain_claim(claim, language)
    for check in checks:
        yield INDENT + explain_check(check, language)


def facts_told(facts: Iterable[Fact], language: Language = "en") -> str:
    """Name facts by kind and the days they were recorded."""
    say = speech_of(language)
    named = ((type(fact).__name__, say.day(fact.recorded_on)) for fact in facts)
    return "; ".join(
        say.fact(kind, ", ".join(dict.fromkeys(day for _, day in days)))
        for kind, days in groupby(named, key=lambda each: each[0])
    )


def explanation_object(instalment: Instalment, rules: Rules) -> dict[str, object]:
    """The explanation for programs: price, tests, what is waited for, and the text in both.

    Each test has code, rule, law, verdict, the comparison in English, and the facts it used, each
    with the day it became known.
    """
    # Written once for everything below: an instalment runs its tests again each time it is asked.
    why = instalment.explain()
    waits = waits_of(instalment, why.checks, rules)
    return {
        "price": None if why.price is None else _price(why.price),
        "checks": [_check(each) for each in why.checks],
        "waits": [_wait(each) for each in waits],
        "text": {
            language: [
                printable(line.strip()) for line in _written(instalment, why, waits, language)
            ]
            for language in LANGUAGES
        },
    }


def claim_explanation_object(claim: RepaymentClaim) -> dict[str, object]:
    """A claim's explanation for programs: what was asked about it, as of an instalment."""
    checks = claim.explain()
    return {
        "checks": [_check(each) for each in checks],
        "text": {
            language: [printable(line.strip()) for line in _claim_written(claim, checks, language)]
            for language in LANGUAGES
        },
    }


def printable(line: str) -> str:
    """Ids and reasons come from outside: what a terminal would obey is shown escaped."""
    if line.isprintable():
        return line
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in line
    )


def _price(price: Price) -> dict[str, object]:
    return {
        "amount_dkk": price.amount_dkk,
        "rule": price.rule,
        "law": price.law,
        "arithmetic": price.arithmetic,
        "facts": _facts(price.facts),
    }


def _check(check: Check) -> dict[str, object]:
    return {
        "code": check.code.value,
        "rule": check.rule,
        "law": check.law,
        "verdict": check.verdict.value,
        "arithmetic": check.arithmetic,
        "facts": _facts(check.facts),
    }


def _facts(facts: Iterable[Fact]) -> list[dict[str, str]]:
    return [{"fact": type(f).__name__, "recorded_on": f.recorded_on.isoformat()} for f in facts]


def _wait(wait: Wait) -> dict[str, object]:
    return {
        "missing": wait.missing.value,
        "suppliers": list(wait.suppliers),
        "until": None if wait.until is None else wait.until.isoformat(),
    }


def _in_brackets(facts: Iterable[Fact], language: Language) -> str:
    told = facts_told(facts, language)
    return f" ({told})" if told else ""


def _standing(instalment: Instalment, say: Speech) -> str:
    amount = say.kroner(instalment.amount_dkk)
    status = say.status(instalment.status)
    if instalment.reason is not None:
        reason = say.reason(instalment.reason)
        return f"{status}{reason} [{instalment.rule}, {instalment.law}]"
    if instalment.status is Status.AWAITING:
        missing = ", ".join(say.test(each) for each in instalment.missing)
        return f"{status} {amount}, {say.missing}: {missing}"
    if instalment.status is Status.PENDING:
        return f"{status}, {say.forecast} {amount}"
    return f"{status} {amount}"
