"""The rules alone: assessing one person's history, against reading the same facts as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from services.bonus.domain.engine import assess
from services.bonus.domain.parsing import parse_case
from services.bonus.rules import load_rules
from tests.benchmarks.embedded import print_measured
from tests.benchmarks.rounds import Measured, in_turns

CASES = Path(__file__).parents[1] / "unit/bonus/cases"
TIMES = 300
FACTS_AT_LEAST = 8


async def measure() -> Measured:
    """Histories a second, over a case with many facts, in pure Python on one core."""
    told = max(_cases(), key=lambda case: len(case["facts"]))
    text = json.dumps(told["facts"])
    case, rules = parse_case(told), load_rules()

    async def assessing() -> int:
        for _ in range(TIMES):
            assess(case.facts, as_of=case.as_of, known_on=case.known_on, rules=rules)
        return TIMES

    async def reading() -> int:
        for _ in range(TIMES):
            json.loads(text)
        return TIMES

    name = f"rules, one person with {len(case.facts)} facts"
    return await in_turns(name, assessing, "json.loads of the facts", reading)


def _cases() -> list[dict[str, list[object]]]:
    found: list[dict[str, list[object]]] = []
    for file in sorted(CASES.glob("*.json")):
        read = json.loads(file.read_text(encoding="utf-8"))
        found += read if isinstance(read, list) else []
    return found


def main(_arguments: Sequence[str]) -> None:
    """Measure, keep and print."""
    print_measured([asyncio.run(measure())])
