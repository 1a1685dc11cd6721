"""The rules alone: assessing one person with 12 facts, against reading the same facts as JSON.

Three times for each history: the assessment, which decides and writes no words; `json.loads` of the
same facts; and the whole, with every test explained and the answer written as JSON. Where money is
claimed back, the assessment also dates each claim, by looking back at what was known on earlier
days: those histories are told apart.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from services.bonus.assess import as_object
from services.bonus.domain.assessment import Assessment
from services.bonus.domain.engine import assess
from services.bonus.domain.parsing import parse_case
from services.bonus.rules import load_rules
from tests.benchmarks.results import save, show, spread

CASES = Path(__file__).parents[1] / "unit/bonus/cases"
FACTS: Final = 12
ROUNDS: Final = 15
TIMES: Final = 20
DECIDED_MAX_US: Final = 150
"""What is promised of an assessment without dating of claims and without words."""


@dataclass
class Timed:
    """One history, and how many microseconds each thing took in each round."""

    case: str
    lines: int
    claims: int
    assessed: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def row(self) -> tuple[str, ...]:
        """Name, size and the three times, each with its spread."""
        size = f"{self.lines} lines" + (f", {self.claims} claims dated" if self.claims else "")
        return (self.case, size, *(spread(each) for each in (self.assessed, self.read, self.whole)))


def measure() -> list[Timed]:
    """Time every history with 12 facts among the cases, in turns, because machines are noisy."""
    cases = [case for case in _cases() if len(case["facts"]) == FACTS]
    timed = [_once(case) for case in cases]
    for _ in range(ROUNDS):
        for each, (assessing, reading, everything) in timed:
            each.assessed.append(_microseconds(assessing))
            each.read.append(_microseconds(reading))
            each.whole.append(_microseconds(everything))
    return [each for each, _ in timed]


def _once(told: dict[str, Any]) -> tuple[Timed, tuple[Callable[[], object], ...]]:
    """A history with the three things to do to it."""
    text = json.dumps(told["facts"])
    case, rules = parse_case(told), load_rules()

    def assessing() -> Assessment:
        return assess(case.facts, as_of=case.as_of, known_on=case.known_on, rules=rules)

    def reading() -> object:
        return json.loads(text)

    def everything() -> object:
        return json.dumps(as_object(assessing(), explained=True))

    found = assessing()
    size = Timed(told["id"], len(found.instalments), len(found.repayment_claims))
    return size, (assessing, reading, everything)


def _microseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - began) / TIMES * 1e6


def _cases() -> Iterator[dict[str, Any]]:
    yield from json.loads((CASES / "worked.json").read_text(encoding="utf-8"))
    for line in (CASES / "random.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def main(_arguments: Sequence[str]) -> None:
    """Measure, keep and print; the last line is the promise."""
    timed = measure()
    save("rules", {each.case: vars(each) for each in timed})
    columns = ("history", "size", "assessed", "json.loads", "explained and written")
    title = f"One person with {FACTS} facts, microseconds, medians of {ROUNDS} interleaved rounds"
    undated = [each for each in timed if not each.claims]
    medians = [statistics.median(each.assessed) for each in undated]
    rows = [each.row() for each in sorted(timed, key=lambda each: statistics.median(each.assessed))]
    read = [statistics.median(each.read) for each in undated]
    whole = [statistics.median(each.whole) for each in undated]
    promise = f"at most {DECIDED_MAX_US}, no claims dated"
    rows.append(("all", promise, spread(medians), spread(read), spread(whole)))
    show(title, columns, rows)
