"""What a request may carry: strict JSON, validated as JSON, never coerced.

Use in a route: `body: FromJson[CompanyJoining]`, where the model is strict and forbids extra
fields. Python's parser takes NaN, doubled keys and UTF-16, and FastAPI validates what it made of
them; so the raw bytes are looked at before (`refuse_loose_json`), and the model sees JSON again,
in which a strict `date` is a text like "2017-02-01".
"""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    PydanticSerializationError,
    core_schema,
    to_json,
)

T = TypeVar("T")


def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type means JSON, whatever its parameters."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


class LooseJsonError(ValueError):
    """The bytes are not JSON that all parsers read alike; the message says where or why."""


def refuse_loose_json(content: bytes) -> None:
    """Raise LooseJsonError unless the bytes are UTF-8 JSON with unique keys and finite numbers."""
    try:
        text = content.decode("utf-8")
        json.loads(
            text,
            object_pairs_hook=_refuse_doubled_keys,
            parse_constant=_refuse_constant,
            parse_float=_refuse_infinite,
        )
    except UnicodeDecodeError as error:
        raise LooseJsonError(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise LooseJsonError(f"{error.msg} at {place}") from error
    except RecursionError as error:
        raise LooseJsonError("nested too deep") from error
    except LooseJsonError:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise LooseJsonError("a number is too long") from error


def _refuse_doubled_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise LooseJsonError("an object has the same key twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise LooseJsonError(f"{name} is not JSON")


def _refuse_infinite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise LooseJsonError("a number is too large")
    return number


def _as_json(value: object) -> bytes:
    try:
        return to_json(value)
    except PydanticSerializationError as error:
        raise PydanticCustomError(
            "unusable_json", "holds half a character (a lone surrogate) or is nested too deep"
        ) from error


class _JsonMode:
    """Validates a Python value as the JSON it came from, without changing its JSON Schema."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 # pydantic hands over any type
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        inner = handler(source)
        again = core_schema.no_info_plain_validator_function(_as_json)
        return core_schema.json_or_python_schema(
            json_schema=inner,
            python_schema=core_schema.chain_schema([again, core_schema.json_schema(inner)]),
        )


FromJson = Annotated[T, _JsonMode()]
"""A request body, validated in JSON mode."""
