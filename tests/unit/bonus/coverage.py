"""Rule by rule, which cases show it, or why none can: `python -m tests.unit.bonus.coverage`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from services.bonus.assess import assess_case
from services.bonus.domain.parsing import parse_case
from services.bonus.rules.book import load_book
from tests.unit.bonus.pairs import pairs, uncoverable
from tests.unit.bonus.test_cases import random, worked


def table() -> str:
    """Write each rule, and below it its pairs of cases and the other cases it decides a line of."""
    return "\n".join(line for rule in load_book() for line in _of(rule)) + "\n"


def _of(rule: str) -> Iterator[str]:
    statement = load_book()[rule]
    shown = [holds for holds, _ in pairs() if rule in holds.rules]
    count = f"{len(shown)} on each side" if shown else f"none: {uncoverable().get(rule, 'UNKNOWN')}"
    yield f"{rule:<4} {statement.title}: {count}"
    for holds in shown:
        yield f"       {holds.name.removesuffix(' (holds)')}"
    if decided := _decided_by().get(rule, ()):
        # Worked cases have numbers in front; random histories are only counted.
        worked_out = ", ".join(case for case in decided if case[0].isdigit())
        also = f", among them {worked_out}" if worked_out else ""
        yield f"       decides lines of {len(decided)} other cases{also}"


@cache
def _decided_by() -> Mapping[str, Sequence[str]]:
    """The worked cases and random histories, by the rules their lines are decided by."""
    cases: dict[str, list[str]] = {}
    for case in (*worked(), *random()):
        instalments = assess_case(parse_case(case)).instalments
        for rule in sorted({line.rule for line in instalments}):
            cases.setdefault(rule, []).append(case["id"])
    return cases


if __name__ == "__main__":
    sys.stdout.write(table())
