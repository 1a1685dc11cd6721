"""The CloudEvents attributes of a record, from headers or a structured value nobody vouches for.

Text that could do harm further on (control characters, NUL, a person number) never gets past here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal

from pydantic_core import to_json

from shared.contracts.complaints import DuplicateFieldError, strict_json
from shared.contracts.fields import EARLIEST_DAY, INVISIBLE, LATEST_DAY
from shared.values.persons import contains_person_number

ATTRIBUTE_CHARACTERS_MAX: Final = 300
STRUCTURED_CONTENT_TYPE: Final = "application/cloudevents+json"

MalformedReason = Literal[
    "no_id",
    "no_type",
    "no_time",
    "spec_version",
    "content_type",
    "no_value",
    "not_json",
    "duplicate_field",
    "invalid_field",
    "person_number",
    "wrong_topic",
    "wrong_key",
]
"""Why a record can't be taken in: a closed vocabulary, for metrics and dead letters."""


TEXTS_REMEMBERED_MAX: Final = 1_024
"""Most records have the same few names of headers."""


class UnreadableError(ValueError):
    """A record can't be taken in as it is."""

    def __init__(self, reason: MalformedReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: MalformedReason = reason
        self.detail = detail


def read_key(key: bytes | None) -> str | None:
    """The key as text. Raises UnreadableError when it is no text, or a person number."""
    if key is None:
        return None
    text = _readable(key)
    if text is None:
        raise UnreadableError("wrong_key", "the key is no visible UTF-8 text of 1 to 300 signs")
    if contains_person_number(text):
        raise UnreadableError("person_number", "the key holds a person number")
    return text


def attributes_of(
    value: bytes, headers: Sequence[tuple[str, bytes | None]]
) -> tuple[dict[str, str], bytes]:
    """The attributes by header name (`ce_id`, ...), and the JSON of the event's own fields.

    Raises UnreadableError for another content type or version of CloudEvents, a structured value
    that is none, or a person number.
    """
    found = _all_readable(headers)
    if found is None:
        found = _each_readable(headers)
    if found.get("content-type") != "application/json":
        found, value = _of_media_type(found, value)
    if found.get("ce_specversion", "1.0") != "1.0":
        raise UnreadableError("spec_version", "this is not version 1.0 of CloudEvents")
    if contains_person_number(" ".join(found.values())):
        raise UnreadableError("person_number", "a header holds a person number")
    return found, value


def _all_readable(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str] | None:
    """The headers as text at one go, as nearly every record allows; None where one is special."""
    if not headers:
        return None
    names, raws = zip(*headers, strict=True)
    try:
        texts = b"\0".join(raws).decode().split("\0")
    except (TypeError, UnicodeDecodeError):
        return None
    if len(texts) != len(raws) or "" in texts or not "".join(texts).isprintable():
        return None
    if max(map(len, texts)) > ATTRIBUTE_CHARACTERS_MAX:
        return None
    return dict(zip(_lower(names), texts, strict=True))


def _each_readable(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    """The headers that can be read as text, one by one; of one named twice the last."""
    found: dict[str, str] = {}
    for name, raw in headers:
        text = None if raw is None else _readable(raw)
        if text is not None:
            found[name.lower()] = text
    return found


def _of_media_type(found: dict[str, str], value: bytes) -> tuple[dict[str, str], bytes]:
    """What a content type that isn't plainly ours says. Raises UnreadableError."""
    media_type = found.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type == STRUCTURED_CONTENT_TYPE:
        return _open_structured(value, found)
    if media_type != "application/json":
        raise UnreadableError("content_type", "the content type is not application/json")
    return found, value


def read_instant(text: str | None) -> datetime:
    """The instant in UTC. Raises UnreadableError when it is absent, unreadable or has no zone."""
    if text is None:
        raise UnreadableError("no_time", "there is no readable header ce_time")
    try:
        instant = datetime.fromisoformat(text.upper())
        if instant.tzinfo is None:
            raise UnreadableError("no_time", "ce_time has no time zone")
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError("no_time", "ce_time is no RFC 3339 instant") from error
    if not EARLIEST_DAY.year <= instant.year <= LATEST_DAY.year:
        raise UnreadableError("no_time", "ce_time lies in another age")
    return instant


@lru_cache(maxsize=TEXTS_REMEMBERED_MAX)
def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _readable(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    # What isprintable refuses but no pattern does are characters younger than this Python.
    visible = text.isprintable() or INVISIBLE.search(text) is None
    return text if visible and 0 < len(text) <= ATTRIBUTE_CHARACTERS_MAX else None


def _open_structured(value: bytes, headers: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """Take a structured event apart; its attributes replace all headers but the trace."""
    try:
        whole: Any = strict_json.decode(value.decode())
    except DuplicateFieldError as error:
        raise UnreadableError("duplicate_field", "a field is named twice") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not_json", "the value is no JSON") from error
    if not isinstance(whole, dict):
        raise UnreadableError("not_json", "a structured event must be a JSON object")
    found = {
        f"ce_{name.lower()}": part
        for name, part in whole.items()
        if isinstance(part, str) and _readable(part.encode(errors="replace")) == part
    }
    if "traceparent" in headers:
        found["traceparent"] = headers["traceparent"]
    return found, _structured_fields(whole)


def _structured_fields(whole: dict[str, Any]) -> bytes:
    if isinstance(encoded := whole.get("data_base64"), str):
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UnreadableError("not_json", "data_base64 is no base64") from error
    if "data" not in whole:
        raise UnreadableError("no_value", "a structured event without data")
    try:
        return to_json(whole["data"])
    except ValueError as error:
        raise UnreadableError("not_json", "data is no JSON") from error
