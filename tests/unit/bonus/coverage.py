"""Rule by rule, which cases show it, or why none can: `python -m tests.unit.bonus.coverage`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from services.bonus.rules.book import load_book
from tests.unit.bonus.pairs import pairs, uncoverable


def table() -> str:
    """Write each rule, and below it each of its pairs of cases."""
    return "\n".join(line for rule in load_book() for line in _of(rule)) + "\n"


def _of(rule: str) -> Iterator[str]:
    statement = load_book()[rule]
    shown = [holds for holds, _ in pairs() if rule in holds.rules]
    count = f"{len(shown)} on each side" if shown else f"none: {uncoverable().get(rule, 'UNKNOWN')}"
    yield f"{rule:<4} {statement.title}: {count}"
    for holds in shown:
        yield f"       {holds.name.removesuffix(' (holds)')}"


if __name__ == "__main__":
    sys.stdout.write(table())
