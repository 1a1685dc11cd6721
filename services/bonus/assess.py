"""The engine by itself: cases from a file or standard input, no database and no settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from services.bonus.domain.assessment import Assessment, Instalment, RepaymentClaim, Status
from services.bonus.domain.engine import assess
from services.bonus.domain.explanation import (
    claim_explanation_object,
    explain,
    explanation_object,
)
from services.bonus.domain.fields import quoted
from services.bonus.domain.parsing import Case, InvalidCaseError, parse_case
from services.bonus.rules import load_rules
from shared.values.money import Language

BAD_INPUT: Final = 2
STANDARD_INPUT: Final = "-"
LINES_SUFFIX: Final = ".jsonl"


class InvalidInputError(ValueError):
    """The input holds something that is no case: the message says which case, fact, field, why."""


@dataclass(frozen=True)
class _Flaw:
    """Stands where the input holds what Python reads but JSON doesn't mean; `why` says what."""

    why: str


@dataclass(frozen=True)
class Style:
    """How an answer is written: for programs, with or without the explanation, or for people."""

    as_json: bool
    explained: bool = False
    language: Language = "en"


def run(
    file: str, style: Style, *, stdout: TextIO, stderr: TextIO, stdin: BinaryIO | None = None
) -> int:
    """Assess the cases in a file (`-` is standard input) and return the exit status.

    0 with the answer on `stdout`, or 2 with nothing there and the reason on `stderr`.
    """
    try:
        answer = assess_text(_read(file, stdin), jsonl=file.lower().endswith(LINES_SUFFIX))
    except InvalidInputError as error:
        _write(stderr, f"{error}\n")
        return BAD_INPUT
    _write(stdout, _json_of(answer, style) if style.as_json else _text_of(answer, style))
    return 0


def assess_text(text: str, *, jsonl: bool) -> Assessment | list[Assessment]:
    """Assess one case (an object), or a list of cases or one case a line, in the same order.

    `jsonl` says that each line is a case; several JSON values after each other are read so anyway.
    Everything is read before anything is assessed. Raises InvalidInputError.
    """
    told = _by_line(text) if jsonl else _document(text)
    if isinstance(told, list):
        cases = [_parsed(case, number) for number, case in enumerate(told, start=1)]
        return [assess_case(case) for case in cases]
    return assess_case(_parsed(told, 1))


def assess_case(case: Case) -> Assessment:
    """Assess one case by the rules that come with the package."""
    return assess(case.facts, as_of=case.as_of, known_on=case.known_on, rules=load_rules())


def as_object(assessment: Assessment, *, explained: bool = False) -> dict[str, object]:
    """Turn an assessment into a JSON object; `explained` adds to each line and claim why."""
    return {
        "instalments": [
            _instalment_object(instalment, explained=explained)
            for instalment in assessment.instalments
        ],
        "repayment_claims": [
            _claim_object(claim, explained=explained) for claim in assessment.repayment_claims
        ],
        "flags": list(assessment.flags),
    }


def _claim_object(claim: RepaymentClaim, *, explained: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "scheme": claim.scheme,
        "milestone": claim.milestone,
        "employer": claim.employer,
        "amount_dkk": claim.amount_dkk,
        "raised_on": claim.raised_on.isoformat(),
        "reason": claim.reason.value,
    }
    if explained:
        told["explanation"] = claim_explanation_object(claim)
    return told


def _instalment_object(instalment: Instalment, *, explained: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "scheme": instalment.scheme,
        "milestone": instalment.milestone,
        "employer": instalment.employer,
        "due_on": instalment.due_on.isoformat(),
        "amount_dkk": instalment.amount_dkk,
        "status": instalment.status.value,
        "reason": None if instalment.reason is None else instalment.reason.value,
    }
    if instalment.status is Status.AWAITING:
        told["missing"] = [each.value for each in instalment.missing]
    if explained:
        told["explanation"] = explanation_object(instalment, load_rules())
    return told


def _json_of(answer: Assessment | list[Assessment], style: Style) -> str:
    def told(each: Assessment) -> dict[str, object]:
        return as_object(each, explained=style.explained)

    if isinstance(answer, Assessment):
        return json.dumps(told(answer), indent=2) + "\n"
    return json.dumps([told(each) for each in answer], indent=2) + "\n"


def _text_of(answer: Assessment | list[Assessment], style: Style) -> str:
    def told(each: Assessment) -> str:
        return explain(each, load_rules(), style.language)

    if isinstance(answer, Assessment):
        return told(answer)
    name = {"en": "Case", "da": "Sag"}[style.language]
    return "\n".join(
        f"{name} {number}. {told(each)}" for number, each in enumerate(answer, start=1)
    )


def _read(file: str, stdin: BinaryIO | None) -> str:
    """Read UTF-8 text, with or without a byte order mark."""
    try:
        if file == STANDARD_INPUT:
            content = (stdin or sys.stdin.buffer).read()
        else:
            content = Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        # A path with a null character and bytes that are no UTF-8 are both ValueErrors.
        raise InvalidInputError(f"{quoted(file)} can't be read: {error}") from error


def _document(text: str) -> object:
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _by_line(text)
        raise InvalidInputError(f"no JSON: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"no JSON that can be read: {error}") from None


def _by_line(text: str) -> list[object]:
    """Read each line that isn't blank; only a line feed ends a line."""
    cases: list[object] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cases.append(_loads(line))
        except (ValueError, RecursionError) as error:
            why = f"case {len(cases) + 1} (line {number}): no JSON: {error}"
            raise InvalidInputError(why) from None
    if not cases:
        raise InvalidInputError("no JSON: there is no case in the input")
    return cases


def _loads(text: str) -> object:
    told: object = json.loads(
        text,
        object_pairs_hook=_object,
        parse_constant=lambda word: _Flaw(f"{word} is not in JSON"),
    )
    return told


def _object(pairs: list[tuple[str, object]]) -> object:
    told = dict(pairs)
    if len(told) == len(pairs):
        return told
    names = [name for name, _ in pairs]
    twice = next(name for name in names if names.count(name) > 1)
    return _Flaw(f"{quoted(twice)} stands twice in one object")


def _parsed(told: object, number: int) -> Case:
    name = f"case {number}"
    if isinstance(told, dict) and isinstance(told.get("id"), str):
        name += f" (id {quoted(told['id'])})"
    for place, flaw in _flaws(told):
        raise InvalidInputError(f"{name}{place}: {flaw.why}")
    try:
        return parse_case(told)
    except InvalidCaseError as error:
        raise InvalidInputError(f"{name}: {error}") from None


def _flaws(told: object) -> Iterator[tuple[str, _Flaw]]:
    """Find what is no JSON, each with its place as `, fact 3, field hours`."""
    if isinstance(told, _Flaw):
        yield "", told
    elif isinstance(told, dict):
        for name, value in told.items():
            if name == "facts" and isinstance(value, list):
                for number, fact in enumerate(value, start=1):
                    yield from ((f", fact {number}{place}", flaw) for place, flaw in _flaws(fact))
            else:
                yield from (
                    (f", field {quoted(name)}{place}", flaw) for place, flaw in _flaws(value)
                )
    elif isinstance(told, list):
        for value in told:
            yield from _flaws(value)


def _write(stream: TextIO, text: str) -> None:
    """Write text, escaping what the stream's encoding doesn't have."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
