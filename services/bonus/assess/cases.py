"""Cases are read from a file, standard input or a request, whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from services.bonus.domain.fields import quoted
from services.bonus.domain.parsing import Case, InvalidCaseError, parse_case

STANDARD_INPUT: Final = "-"
LINES_SUFFIX: Final = ".jsonl"


class InvalidInputError(ValueError):
    """The input holds something that is no case: the message says which case, fact, field, why.

    `case` is the place of the guilty one in the input, from 1, and `cause` what is wrong with it,
    where one is to blame.
    """

    def __init__(
        self, message: str, *, case: int | None = None, cause: InvalidCaseError | None = None
    ) -> None:
        super().__init__(message)
        self.case = case
        self.cause = cause


@dataclass(frozen=True)
class _Flaw:
    """Stands where the input holds what Python reads but JSON doesn't mean; `why` says what."""

    why: str


def read_cases(file: str, stdin: BinaryIO | None = None) -> Case | list[Case]:
    """Read the cases of a file; `-` is standard input. Raises InvalidInputError."""
    return cases_in(_read(file, stdin), jsonl=file.lower().endswith(LINES_SUFFIX))


def cases_in(text: str, *, jsonl: bool) -> Case | list[Case]:
    """Read one case (an object), or a list of cases or one case a line, in the same order.

    `jsonl` says that each line is a case; several JSON values after each other are read so anyway.
    Raises InvalidInputError.
    """
    return cases_of(_by_line(text) if jsonl else _document(text))


def cases_of(told: object) -> Case | list[Case]:
    """Read one case, or a list of them, from what JSON held. Raises InvalidInputError."""
    if isinstance(told, list):
        return [_parsed(case, number) for number, case in enumerate(told, start=1)]
    return _parsed(told, 1)


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
        raise InvalidInputError(f"{name}{place}: {flaw.why}", case=number)
    try:
        return parse_case(told)
    except InvalidCaseError as error:
        raise InvalidInputError(f"{name}: {error}", case=number, cause=error) from None


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
