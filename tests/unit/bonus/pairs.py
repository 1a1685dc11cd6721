"""Pairs of cases, one on each side of a rule's boundary, read from `cases/pairs/*.yaml`.

A pair tells what both sides have in common (`uses` names stories of stories.yaml, `facts` adds to
them) and then what only `holds` or only `fails` has, with all that is expected. A fact is written
`Kind: {fields}`; fields that don't matter are left out and filled in from DEFAULTS. Seen on and
known on 2025-01-01 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from services.bonus.domain.assessment import Assessment, Instalment, RepaymentClaim
from services.bonus.domain.engine import assess
from services.bonus.domain.parsing import Case, parse_case
from services.bonus.domain.rules import Rules

FOLDER: Final = Path(__file__).parent / "cases" / "pairs"
CHAPTERS: Final = ("shared", "ordinary", "igu", "cases")
SIDES: Final = ("holds", "fails")
PAIR_KEYS: Final = {"rule", "also", "title", "how", "uses", "facts", "as_of", "known_on", *SIDES}
SIDE_KEYS: Final = {"facts", "as_of", "known_on", "expect", "refused"}
EMPLOYER: Final = "99000007"
LATE: Final = "2025-01-01"
COMMON: Final = {"recorded_on": "2016-01-01"}
PLACED: Final = {"placement": "L1"}
DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "PersonRegistered": {"person": "P1"},
    "PersonCorrected": {"person": "P1"},
    "EmployerSectorReported": {"employer": EMPLOYER, "effective_from": "2015-01-01"},
    "PlacementStarted": {**PLACED, "person": "P1", "employer": EMPLOYER, "kind": "ordinary"},
    "PlacementEnded": {**PLACED, "reason": "resigned"},
    "BonusApplied": {**PLACED, "filed_on": "2017-01-01"},
    "CourseCompleted": {
        **PLACED,
        "certificate_issued_on": "2018-09-03",
        "schooling_documented": True,
    },
    "PayoutSettled": {**PLACED, "settled_on": "2017-03-10"},
    "ReviewDecided": {
        "person": "P1",
        "employer": EMPLOYER,
        "scheme": "ordinary",
        "decided_on": "2017-04-01",
    },
}


@dataclass(frozen=True)
class Side:
    """One side of a boundary: a case to be parsed, and what must come of it."""

    rules: tuple[str, ...]
    """The rule whose boundary it is, then those it shows as well."""
    name: str
    told: Mapping[str, Any]
    expect: frozenset[str]
    refused: str | None
    """Part of the message, where the facts are refused as a whole."""

    def parse(self) -> Case:
        """Read the case as the program would."""
        return parse_case(self.told)


@cache
def pairs() -> tuple[tuple[Side, Side], ...]:
    """Every pair, the side that holds first."""
    stories = _load("stories")
    return tuple(
        tuple(_side(pair, side, stories) for side in SIDES)  # type: ignore[misc]  # two sides
        for chapter in CHAPTERS
        for pair in _load(chapter)
    )


@cache
def uncoverable() -> Mapping[str, str]:
    """The rules no case can show, each with the reason."""
    reasons: Mapping[str, str] = _load("none")
    return reasons


def came_out(case: Case, rules: Rules) -> frozenset[str]:
    """Assess a case and write the outcome as it is expected."""
    return written(assess(case.facts, as_of=case.as_of, known_on=case.known_on, rules=rules))


def written(assessment: Assessment) -> frozenset[str]:
    """Write each line, claim and flag: `scheme milestone date status amount or reason`."""
    lines = [_at(each.employer) + _line(each) for each in assessment.instalments]
    lines += [_at(each.employer) + _claim(each) for each in assessment.repayment_claims]
    return frozenset([*lines, *(f"flag {flag}" for flag in assessment.flags)])


def _side(pair: Mapping[str, Any], side: str, stories: Mapping[str, Any]) -> Side:
    told = pair[side]
    odd = (set(pair) - PAIR_KEYS) | (set(told) - SIDE_KEYS)
    assert not odd, f"{pair['rule']}: {pair['title']}: {odd}"
    used = [fact for story in pair.get("uses", ()) for fact in stories[story]]
    facts = [*used, *pair.get("facts", ()), *told.get("facts", ())]
    return Side(
        rules=(pair["rule"], *pair.get("also", ())),
        name=f"{pair['rule']} {pair['title']} ({side})",
        told={
            "as_of": _text(told.get("as_of", pair.get("as_of", LATE))),
            "known_on": _text(told.get("known_on", pair.get("known_on", LATE))),
            "facts": [fact for each in facts for fact in _facts(each)],
        },
        expect=frozenset(told.get("expect", ())),
        refused=told.get("refused"),
    )


def _facts(told: Mapping[str, Mapping[str, object]]) -> Iterator[dict[str, object]]:
    for kind, fields in told.items():
        known = {**COMMON, **DEFAULTS.get(kind, PLACED), **fields}
        yield {"fact": kind, **{name: _text(value) for name, value in known.items()}}


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _at(employer: str) -> str:
    return "" if employer == EMPLOYER else f"@{employer} "


def _line(line: Instalment) -> str:
    result = line.reason or f"{line.amount_dkk} {','.join(line.missing)}".strip()
    return f"{line.scheme} {line.milestone} {line.due_on} {line.status} {result}"


def _claim(claim: RepaymentClaim) -> str:
    amount = f"{claim.amount_dkk} {claim.raised_on} {claim.reason}"
    return f"claim {claim.scheme} {claim.milestone} {amount}"


def _load(name: str) -> Any:  # noqa: ANN401  # YAML of several shapes
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
