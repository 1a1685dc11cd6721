"""The JSON Schema of each event: what any reader, in any language, may rely on."""

from __future__ import annotations

from typing import Any, Final

from shared.contracts.base import Event
from shared.contracts.envelope import schema_address

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
CONTRACT_KEYWORD: Final = "x-sammen"
"""Holds what JSON Schema has no word for: publisher, topic, partition key, draft or published, and
the names of the rules between fields."""

_ORDER: Final = ("description", "type", "format", "enum", "pattern")
_NULL: Final = {"type": "null"}
# pydantic writes the bounds of a date under Python's names; `formatMinimum` says them properly.
_DROPPED: Final = frozenset({"title", "default", "ge", "le"})


def schema_of(event: type[Event]) -> Schema:
    """The schema of an event's fields, the same on every run.

    A reader ignores fields it doesn't know, so other fields are allowed, but in what is told at
    the door: there a misspelt name must not vanish. A field that isn't required may be null, which
    is as absent.
    """
    generated = event.model_json_schema(mode="validation")
    schema: Schema = {
        "$schema": DIALECT,
        "$id": schema_address(event.event_type()),
        "title": event.event_name or event.__name__,
        "description": _one_line(generated["description"]),
        CONTRACT_KEYWORD: {
            "publisher": event.publisher,
            "topic": event.topic,
            "partition_key": event.key_field,
            "subject": event.subject_field,
            "compacted": event.compacted,
            "draft": event.draft,
            "rules": sorted(
                rule.strip("_") for rule in event.__pydantic_decorators__.model_validators
            ),
        },
        "type": "object",
        "properties": {
            name: _property(described) for name, described in generated["properties"].items()
        },
        "required": generated["required"],
    }
    if event.unknown_fields == "forbid":
        schema["additionalProperties"] = False
    return schema


def _property(described: Schema) -> Schema:
    """One field: optional ones get `null` as a second type instead of a choice of schemas."""
    flat = {name: part for name, part in described.items() if name not in _DROPPED | {"anyOf"}}
    choices = [choice for choice in described.get("anyOf", []) if choice != _NULL]
    for choice in choices:
        flat.update({name: part for name, part in choice.items() if name not in _DROPPED})
    if len(choices) > 1:
        # A choice between closed vocabularies is one vocabulary; nothing else is ever chosen from.
        assert all(choice.keys() == {"type", "enum"} for choice in choices), described
        flat["enum"] = [word for choice in choices for word in choice["enum"]]
    if "const" in flat:
        flat["enum"] = [flat.pop("const")]
    if _NULL in described.get("anyOf", []):
        flat["type"] = [flat["type"], "null"]
        if "enum" in flat:
            flat["enum"] = [*flat["enum"], None]
    if "items" in flat:
        flat["items"] = _property(flat["items"])
    flat["description"] = _one_line(flat.get("description", "")) or None
    return _in_order({name: part for name, part in flat.items() if part is not None})


def _in_order(described: Schema) -> Schema:
    first = {name: described[name] for name in _ORDER if name in described}
    return first | {name: described[name] for name in sorted(described.keys() - first.keys())}


def _one_line(text: str) -> str:
    return " ".join(text.split())
