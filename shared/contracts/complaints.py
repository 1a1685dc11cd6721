"""What is wrong with a piece of JSON, said so that its sender can mend it, without repeating it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from shared.values.persons import DIGITS_AS_ZEROS, contains_person_number, mask_person_numbers

COMPLAINTS_MAX: Final = 5
TEXT_MAX: Final = 600
"""Characters of a complaint; fits `ShortText`."""

_FIELD_END = re.compile(rb'"[ \t\r\n]*:')
# Between a number's date and its last digits a dash and two blanks take up to nine bytes of UTF-8.
_TEN_DIGITS_AS_ZEROS = re.compile(rb'000000[^0-9A-Za-z"]{0,9}0000')

_DATE_AS_PYTHON_HAS_IT = re.compile(r"datetime\.date\(([0-9]+), ([0-9]+), ([0-9]+)\)")

_SENTENCES: Final = {
    "missing": "is missing",
    "extra_forbidden": "is no field that belongs here; a misspelt name?",
    "string_type": "must be a text",
    "int_type": "must be a whole number, without quotes and without decimals",
    "bool_type": "must be true or false, without quotes",
    "date_type": "must be a date written YYYY-MM-DD",
    "model_type": "must be a JSON object",
    "tuple_type": "must be a list",
    "string_unicode": "is not valid text",
}
"""Plain words for pydantic's error types; the others speak for themselves."""

_PATTERNS: Final = {
    "^[0-9]{8}$": "must be the 8 digits of a CVR number",
    "^[0-9]{4}$": "must be the 4 digits of a municipality",
    "^[a-z_]{1,40}$": "must be a code: 1 to 40 lower-case letters and underscores",
    "^[!-~]{1,200}$": "must be an id: 1 to 200 visible ASCII characters without blanks",
    "^[0-9]{1,7}(\\.[0-9]{1,6})?$": 'must be decimal text that is not negative, such as "956.71"',
    "^(100(\\.0{1,6})?|[0-9]{1,2}(\\.[0-9]{1,6})?)$": (
        'must be a percentage from 0 to 100 as decimal text, such as "49.99"'
    ),
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": (
        "must be a person reference (a UUID), as POST /placements/v1/persons gives it"
    ),
    "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\\.){1,8}[A-Za-z]{2,24}$": (
        "must be one plain mail address in ASCII, such as navn@firma.dk"
    ),
}
"""Plain words for the patterns a sender meets."""
_PLACEMENT_ID_BEGINS: Final = "^[a-z0-9-]{1,32}/"
_PLACEMENT_ID: Final = "must be the whole id of a placement, such as 0101/2017-00042"
_PATTERN_OTHERWISE: Final = (
    "must not begin or end with a blank nor hold control or other invisible characters"
)


class DuplicateFieldError(ValueError):
    """A JSON object names a field twice: which one counts is anyone's guess."""


class NotJsonError(ValueError):
    """The text isn't JSON; NaN and Infinity are no JSON either."""


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateFieldError("a field is named twice")
    return found


def _refuse_constant(name: str) -> None:
    raise NotJsonError(f"{name} is no JSON")


strict_json: Final = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant
)
"""Reads JSON as RFC 8259 has it and refuses duplicate names, at any depth."""


def needs_a_closer_look(value: bytes, *, fields_read: int) -> bool:
    """Tell whether JSON that parsed may hold what the fast parser lets pass.

    That is a field named twice, NaN, or a person number in a field nobody reads; `fields_read` is
    how many different fields were read. Errs on the side of looking: an escape may spell a field's
    name in a second way.
    """
    if b"\\" in value or b"NaN" in value or b"Infinity" in value:
        return True
    # Each name ends like this, so as many ends as fields read leave no room for another name.
    if len(_FIELD_END.findall(value)) != fields_read:
        return True
    return _TEN_DIGITS_AS_ZEROS.search(value.translate(DIGITS_AS_ZEROS)) is not None


def holds_person_number(value: object) -> bool:
    """Tell whether any text in parsed JSON holds what may be a civil registration number."""
    if isinstance(value, str):
        return contains_person_number(value)
    if isinstance(value, dict):
        return any(holds_person_number(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(holds_person_number(part) for part in value)


def presentable(text: str) -> str:
    """The text as one bounded, printable line without person numbers."""
    line = "".join(sign if sign.isprintable() else " " for sign in mask_person_numbers(text))
    return line[:TEXT_MAX].strip()


def complain(error: ValidationError) -> str:
    """What is wrong, field by field, in at most 600 characters and never with the value itself."""
    errors = error.errors(include_url=False, include_context=True, include_input=False)
    sentences = [_sentence(each) for each in errors[:COMPLAINTS_MAX]]
    if len(errors) > COMPLAINTS_MAX:
        sentences.append(f"and {len(errors) - COMPLAINTS_MAX} more")
    return presentable("; ".join(sentences))


def in_plain_words(error: Mapping[str, Any]) -> str:
    """What is wrong by one of pydantic's errors; a rule of ours may repeat the value."""
    kind, message, context = str(error["type"]), str(error["msg"]), error.get("ctx", {})
    match kind:
        case "string_pattern_mismatch":
            message = _pattern_in_words(context["pattern"])
        case "literal_error":
            message = f"must be one of {context['expected']}"
        case "value_error":
            message = message.removeprefix("Value error, ")
        case _:
            message = _SENTENCES.get(kind, message)
    return _DATE_AS_PYTHON_HAS_IT.sub(_date_as_people_have_it, message)


def _date_as_people_have_it(match: re.Match[str]) -> str:
    return date(*(int(part) for part in match.groups())).isoformat()


def _pattern_in_words(pattern: str) -> str:
    if pattern.startswith(_PLACEMENT_ID_BEGINS):
        return _PLACEMENT_ID
    return _PATTERNS.get(pattern, _PATTERN_OTHERWISE)


def _sentence(error: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in error["loc"])
    message = in_plain_words(error)
    return f"{field}: {message}" if field else message
