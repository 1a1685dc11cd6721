"""Only JSON that every parser reads alike is taken, and strict models see it as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.web.body import FromJson, LooseJsonError, refuse_loose_json


class Started(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    fact: Literal["Started"]
    on: date


class Counted(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    fact: Literal["Counted"]
    number: int


Facts = TypeAdapter(FromJson[list[Annotated[Started | Counted, Field(discriminator="fact")]]])


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1, "b": [true, null, -1.5e3, "\xc3\xa6"]}',
        b"[]",
        b'{"a": {"a": 1}}',
        b'"\\u0041"',
    ],
)
def test_json_is_taken(content: bytes) -> None:
    refuse_loose_json(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "same key twice"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"[1e400]", "too large"),
        (b"[" + b"9" * 5000 + b"]", "too long"),
        (b'{"a": "\xe6"}', "byte 7 is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "line 1, column 1"),
        (b'{"a": 1', "line 1, column 8"),
        (b"{'a': 1}", "line 1, column 2"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a": 1} x', "line 1, column 10"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_parsers_read_differently_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(LooseJsonError, match=why):
        refuse_loose_json(content)


def test_a_strict_model_takes_a_date_as_text() -> None:
    facts = Facts.validate_python([{"fact": "Started", "on": "2017-02-01"}])
    assert facts == [Started(fact="Started", on=date(2017, 2, 1))]


@pytest.mark.parametrize(
    ("fact", "place"),
    [
        ({"fact": "Started", "on": 0}, (0, "Started", "on")),
        ({"fact": "Started", "on": "2017-02-30"}, (0, "Started", "on")),
        ({"fact": "Counted", "number": "12"}, (0, "Counted", "number")),
        ({"fact": "Counted", "number": True}, (0, "Counted", "number")),
        ({"fact": "Counted", "number": 1.0}, (0, "Counted", "number")),
        ({"fact": "Counted", "number": 1, "paid": True}, (0, "Counted", "paid")),
    ],
    ids=repr,
)
def test_nothing_is_coerced_and_nothing_ignored(
    fact: dict[str, object], place: tuple[object, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        Facts.validate_python([fact])
    assert [error["loc"] for error in refused.value.errors()] == [place]


def test_the_schema_is_the_models_own() -> None:
    inside = TypeAdapter(FromJson[Started]).json_schema()
    assert inside == TypeAdapter(Started).json_schema()
    assert TypeAdapter(FromJson[Counted]).json_schema() == TypeAdapter(Counted).json_schema()
