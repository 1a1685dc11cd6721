"""The engine by itself: cases in, assessments out, no database and no settings.

`cases` reads, `answers` is the form of what comes out; here is the command.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from services.bonus.assess.answers import as_object
from services.bonus.assess.cases import InvalidInputError, read_cases
from services.bonus.domain.assessment import Assessment
from services.bonus.domain.engine import assess
from services.bonus.domain.explanation import explain
from services.bonus.domain.parsing import Case
from services.bonus.domain.rules import Rules
from services.bonus.rules import load_rules
from services.bonus.rules.documents import InvalidRuleError
from services.bonus.rules.folders import read_rules
from shared.values.money import Language

__all__ = ["BAD_INPUT", "Style", "as_object", "assess_case", "run"]

BAD_INPUT: Final = 2


@dataclass(frozen=True)
class Style:
    """How an answer is written: for programs, with or without the explanation, or for people."""

    as_json: bool
    explained: bool = False
    language: Language = "en"


def run(
    file: str,
    style: Style,
    *,
    stdout: TextIO,
    stderr: TextIO,
    stdin: BinaryIO | None = None,
    rules_folder: Path | None = None,
) -> int:
    """Assess the cases in a file (`-` is standard input) and return the exit status.

    0 with the answer on `stdout`, or 2 with nothing there and the reason on `stderr`. Everything
    is read before anything is assessed. `rules_folder` holds other rules than the package's own.
    """
    try:
        rules = load_rules() if rules_folder is None else read_rules(rules_folder)
        cases = read_cases(file, stdin)
    except (InvalidInputError, InvalidRuleError) as error:
        _write(stderr, f"{error}\n")
        return BAD_INPUT
    if isinstance(cases, Case):
        answer: Assessment | list[Assessment] = assess_case(cases, rules)
    else:
        answer = [assess_case(case, rules) for case in cases]
    write = _json_of if style.as_json else _text_of
    _write(stdout, write(answer, style, rules))
    return 0


def assess_case(case: Case, rules: Rules | None = None) -> Assessment:
    """Assess one case by these rules; absent, by those that come with the package."""
    by = rules or load_rules()
    return assess(case.facts, as_of=case.as_of, known_on=case.known_on, rules=by)


def _json_of(answer: Assessment | list[Assessment], style: Style, rules: Rules) -> str:
    def told(each: Assessment) -> dict[str, object]:
        return as_object(each, explained=style.explained, rules=rules)

    if isinstance(answer, Assessment):
        return json.dumps(told(answer), indent=2) + "\n"
    return json.dumps([told(each) for each in answer], indent=2) + "\n"


def _text_of(answer: Assessment | list[Assessment], style: Style, rules: Rules) -> str:
    def told(each: Assessment) -> str:
        return explain(each, rules, style.language)

    if isinstance(answer, Assessment):
        return told(answer)
    name = {"en": "Case", "da": "Sag"}[style.language]
    return "\n".join(
        f"{name} {number}. {told(each)}" for number, each in enumerate(answer, start=1)
    )


def _write(stream: TextIO, text: str) -> None:
    """Write text, escaping what the stream's encoding doesn't have."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
