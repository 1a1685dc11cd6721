"""What one look at a fact can find wrong with it: a code for each, which never changes.

Whatever needs a second fact to be seen is not refused at a door (docs/law.md, W7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

LAW_RULE: Final = "F10"
"""The rule of docs/law.md that refuses what one look disproves; the codes are listed there."""


class DoorRule(StrEnum):
    """The rule a refused fact breaks."""

    FACT_UNKNOWN = "FACT_UNKNOWN"
    FIELD_MISSING = "FIELD_MISSING"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    FIELD_TWICE = "FIELD_TWICE"
    FIELD_UNREADABLE = "FIELD_UNREADABLE"
    DATE_IMPOSSIBLE = "DATE_IMPOSSIBLE"
    PERIOD_ENDS_BEFORE_IT_BEGINS = "PERIOD_ENDS_BEFORE_IT_BEGINS"
    NUMBER_NEGATIVE = "NUMBER_NEGATIVE"
    NUMBER_TOO_LARGE = "NUMBER_TOO_LARGE"
    HOURS_ABOVE_24_A_DAY = "HOURS_ABOVE_24_A_DAY"
    PERCENT_OUT_OF_RANGE = "PERCENT_OUT_OF_RANGE"
    WORD_UNKNOWN = "WORD_UNKNOWN"
    NO_CVR_NUMBER = "NO_CVR_NUMBER"
    PERSON_NUMBER_IN_TEXT = "PERSON_NUMBER_IN_TEXT"
    CORRECTS_NOTHING = "CORRECTS_NOTHING"
    CONTRADICTS_ITSELF = "CONTRADICTS_ITSELF"
    FILED_ON_A_DAY_TO_COME = "FILED_ON_A_DAY_TO_COME"
    MILESTONE_NOT_OF_KIND = "MILESTONE_NOT_OF_KIND"

    def stands_in(self) -> dict[str, Any]:
        """What a refusal says of it: rule, code, and where to read about both."""
        return {"rule": LAW_RULE, "code": self.value, "law": f"docs/law.md, {LAW_RULE}"}


SAYS: Final[Mapping[DoorRule, str]] = MappingProxyType(
    {
        DoorRule.FACT_UNKNOWN: "the kind of fact is one of those that are told here",
        DoorRule.FIELD_MISSING: "every field the fact needs is there",
        DoorRule.FIELD_UNKNOWN: "there is no field the fact doesn't have",
        DoorRule.FIELD_TWICE: "no field is named twice",
        DoorRule.FIELD_UNREADABLE: "every field holds what its kind holds",
        DoorRule.DATE_IMPOSSIBLE: "a date is in the calendar, between 1900 and 2199",
        DoorRule.PERIOD_ENDS_BEFORE_IT_BEGINS: "a period ends on its first day or later",
        DoorRule.NUMBER_NEGATIVE: "hours, days of an extension and amounts are not below zero",
        DoorRule.NUMBER_TOO_LARGE: "an extension and a count stay within their bounds",
        DoorRule.HOURS_ABOVE_24_A_DAY: "hours are at most 24 for each day of their period",
        DoorRule.PERCENT_OUT_OF_RANGE: "a share is from 0 to 100 percent",
        DoorRule.WORD_UNKNOWN: "a reason, milestone or outcome is one of the known words",
        DoorRule.NO_CVR_NUMBER: "a CVR number has eight digits and a valid check digit",
        DoorRule.PERSON_NUMBER_IN_TEXT: "no text holds a civil registration number",
        DoorRule.CORRECTS_NOTHING: "a correction of a person corrects some field",
        DoorRule.CONTRADICTS_ITSELF: "two fields don't contradict each other in another way",
        DoorRule.FILED_ON_A_DAY_TO_COME: "an application was filed today or before",
        DoorRule.MILESTONE_NOT_OF_KIND: "the milestone is one of the placement's kind",
    }
)
"""Each rule in plain words, as docs/law.md lists them."""

RULE_OF_CONTRADICTION: Final = "rule"
"""Under this name an error of two fields that contradict each other carries its rule."""

_BY_ERROR: Final[Mapping[str, DoorRule]] = {
    "missing": DoorRule.FIELD_MISSING,
    "extra_forbidden": DoorRule.FIELD_UNKNOWN,
    "date_parsing": DoorRule.DATE_IMPOSSIBLE,
    "date_type": DoorRule.DATE_IMPOSSIBLE,
    "literal_error": DoorRule.WORD_UNKNOWN,
    "cvr_number": DoorRule.NO_CVR_NUMBER,
    "person_number": DoorRule.PERSON_NUMBER_IN_TEXT,
}
_BOUNDS: Final = ("greater_than_equal", "greater_than", "less_than_equal", "less_than")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_PERCENT_PATTERN: Final = "^(100"
_DECIMAL_PATTERN: Final = "^[0-9]{1,7}("


def broken_rule(error: Mapping[str, Any]) -> DoorRule:
    """The rule that one of pydantic's errors, with its context and input, speaks of."""
    kind, context, given = str(error["type"]), error.get("ctx", {}), error.get("input")
    if kind == "contradiction":
        return DoorRule(context.get(RULE_OF_CONTRADICTION, DoorRule.CONTRADICTS_ITSELF))
    if kind in _BOUNDS:
        return _of_bound(kind, context)
    if kind == "string_pattern_mismatch" and isinstance(given, str) and _NUMBER.fullmatch(given):
        return _of_number(str(context["pattern"]), given)
    return _BY_ERROR.get(kind, DoorRule.FIELD_UNREADABLE)


def _of_bound(kind: str, context: Mapping[str, Any]) -> DoorRule:
    bound = next((context[name] for name in ("ge", "gt", "le", "lt") if name in context), None)
    if isinstance(bound, date | str):  # a day is told as it is or in text
        return DoorRule.DATE_IMPOSSIBLE
    return DoorRule.NUMBER_NEGATIVE if kind.startswith("greater") else DoorRule.NUMBER_TOO_LARGE


def _of_number(pattern: str, given: str) -> DoorRule:
    """Decimal text that its field can't hold: which way it is out of range."""
    if pattern.startswith(_PERCENT_PATTERN):
        return DoorRule.PERCENT_OUT_OF_RANGE
    if not pattern.startswith(_DECIMAL_PATTERN):
        return DoorRule.FIELD_UNREADABLE
    return DoorRule.NUMBER_NEGATIVE if given.startswith("-") else DoorRule.NUMBER_TOO_LARGE
