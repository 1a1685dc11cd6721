"""The door: reading what a sender tells, fact by fact, and the receipt each report gets.

Each fact stands or falls by itself, and never by halves. What is wrong with one is said with the
field and the rule, without repeating the value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts import reported
from shared.contracts.base import Event
from shared.contracts.complaints import complain
from shared.contracts.door_rules import DoorRule, broken_rule
from shared.contracts.fields import Identifier, MunicipalityCode, SenderId, ShortText
from shared.contracts.reported import ReportedFact

__all__ = [
    "EVENTS",
    "FACTS_MAX",
    "REPORTED_FACTS",
    "RefusedFact",
    "ReportReceipt",
    "ReportedFact",
    "UnreadableReportsError",
    "parse_reported_fact",
    "parse_reported_facts",
]

FACTS_MAX: Final = 10_000
"""Facts in one body; whoever has more sends several bodies."""

REPORTED_FACTS: Final[Mapping[str, type[ReportedFact]]] = MappingProxyType(
    {str(model.event_name): model for model in get_args(ReportedFact)}
)
"""Every fact that may be told at the door, by its name."""

_BLANKS: Final = " \t\r\n"


class ReportReceipt(Event):
    """What became of one report, from either door."""

    publisher: ClassVar[str] = "placements"
    topic: ClassVar[str] = "municipality.<code>.receipts.v1"
    key_field: ClassVar[str] = "report_id"
    draft: ClassVar[bool] = False

    municipality: MunicipalityCode = Field(description="Code of the municipality that reported.")
    report_id: SenderId = Field(description="The sender's own id of the report.")
    outcome: Literal["accepted", "duplicate", "parked", "refused"] = Field(
        description="What became of it."
    )
    problem: ShortText | None = Field(default=None, description="Why it was refused or parked.")
    code: Identifier | None = Field(
        default=None, description="The rule it breaks, where one look shows it (docs/law.md, F10)."
    )


EVENTS: Final[tuple[type[Event], ...]] = (*reported.EVENTS, ReportReceipt)
"""Every record on the municipalities' own topics."""


class UnreadableReportsError(ValueError):
    """The body is no JSON array of facts, so no single fact can be answered."""


@dataclass(frozen=True, slots=True)
class RefusedFact:
    """A reported fact that can't be taken in as it is."""

    report_id: str | None
    """The sender's id of it, where it could be read."""
    problem: str
    """Which field, why, and the rule; one line of at most 600 characters."""
    rule: DoorRule
    """The rule that what is named first breaks."""


class _Doubled(dict[str, Any]):
    """A JSON object that names a field twice."""


def parse_reported_facts(body: bytes) -> list[ReportedFact | RefusedFact]:
    """The facts of a body in its order, each read or refused.

    Raises UnreadableReportsError when the body isn't a JSON array in UTF-8 without byte order
    mark, or holds more than FACTS_MAX facts.
    """
    return [_read(told, raw) for told, raw in _elements(_text_of(body))]


def parse_reported_fact(value: bytes) -> ReportedFact | RefusedFact:
    """The one fact of a record on a municipality's own topic, read or refused.

    Raises UnreadableReportsError when the value isn't JSON in UTF-8 without byte order mark.
    """
    text = _text_of(value)
    told, end = _decode_one(text, _skip_blanks(text, 0))
    if _skip_blanks(text, end) != len(text):
        raise UnreadableReportsError("something follows the JSON value")
    return _read(told, text)


def _text_of(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise UnreadableReportsError("the body is not UTF-8 text") from error


def _read(told: object, raw: str) -> ReportedFact | RefusedFact:
    if not isinstance(told, dict):
        what = 'a fact must be a JSON object: {"report_id": ..., "fact": ...}'
        return RefusedFact(None, what, DoorRule.FIELD_UNREADABLE)
    report_id = _readable_id(told.get("report_id"))
    if isinstance(told, _Doubled):
        what = "a field is named twice; name each field once"
        return RefusedFact(report_id, what, DoorRule.FIELD_TWICE)
    name = told.get("fact")
    if name is None:
        return RefusedFact(report_id, "fact: is missing", DoorRule.FIELD_MISSING)
    model = REPORTED_FACTS.get(name) if isinstance(name, str) else None
    if model is None:
        known = ", ".join(REPORTED_FACTS)
        what = f"fact: none of this name is told here; known are {known}"
        return RefusedFact(report_id, what, DoorRule.FACT_UNKNOWN)
    try:
        # The element's own text goes to the strict parser: it knows what a date in JSON is, where
        # the standard library's one was needed to see a field named twice.
        return model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return RefusedFact(report_id, complain(error), broken_rule(first))


def _readable_id(value: object) -> str | None:
    try:
        return _report_id.validate_python(value, strict=True)
    except ValidationError:
        return None


def _elements(text: str) -> Iterator[tuple[object, str]]:
    """Each element of a JSON array, parsed, with its own text."""
    position = _skip_blanks(text, 0)
    if text[position : position + 1] != "[":
        raise UnreadableReportsError("the body must be a JSON array of facts: [{...}, ...]")
    position = _skip_blanks(text, position + 1)
    count = 0
    while text[position : position + 1] != "]" or count:
        count += 1
        if count > FACTS_MAX:
            raise UnreadableReportsError(f"more than {FACTS_MAX} facts; send several bodies")
        told, end = _decode_one(text, position)
        yield told, text[position:end]
        position = _skip_blanks(text, end)
        if text[position : position + 1] == "]":
            break
        if text[position : position + 1] != ",":
            raise UnreadableReportsError(f"fact number {count} is not followed by , or ]")
        position = _skip_blanks(text, position + 1)
    if _skip_blanks(text, position + 1) != len(text):
        raise UnreadableReportsError("something follows the JSON array")


def _decode_one(text: str, position: int) -> tuple[object, int]:
    try:
        return _decoder.raw_decode(text, position)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnreadableReportsError(f"the body is no JSON from {place} on") from error
    except RecursionError as error:
        raise UnreadableReportsError("the body is nested too deeply") from error


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position


def _mark_doubled(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Doubled(found)


def _refuse_constant(name: str) -> None:
    raise UnreadableReportsError(f"{name} is no JSON")


_report_id: Final = TypeAdapter[str](SenderId)
# Numbers are left as text: this parser only looks at names, and must not trip over a huge one.
_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_mark_doubled, parse_constant=_refuse_constant, parse_int=str, parse_float=str
)
