"""The schemas say what the models do: whatever fits a schema is taken in, and survives the wire."""

from __future__ import annotations

import json
import operator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared.contracts.base import Event
from shared.contracts.envelope import Decoded, decode, encode, envelope_for
from shared.contracts.fields import (
    EARLIEST_DAY,
    LATEST_DAY,
    RULES_BEYOND_THE_SCHEMA,
)
from shared.contracts.registry import EVENTS
from shared.contracts.samples import SAMPLE_MUNICIPALITY, SAMPLES, TOLD_AT
from shared.contracts.schemas import schema_of
from shared.values.cvr import is_cvr
from shared.values.municipalities import list_municipalities

every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())

COMPANIES = [text for text in map(str, range(99000000, 99000200)) if is_cvr(text)]
CODES = [municipality.code for municipality in list_municipalities()]
# What a format's name promises beyond the pattern beside it; `date` includes formatMinimum and
# formatMaximum, which the generator of instances doesn't know.
FORMATS: dict[str, st.SearchStrategy[str]] = {
    "cvr": st.sampled_from(COMPANIES),
    "municipality-code": st.sampled_from(CODES),
}


UNKNOWN = st.dictionaries(
    st.text(st.characters(codec="ascii"), min_size=1).map("x-".__add__), st.booleans()
)


def days_and(nothing: list[None]) -> list[str | None]:
    """Days from the first to the last that a schema allows."""
    apart = range(0, (LATEST_DAY - EARLIEST_DAY).days, 1009)
    spread = [EARLIEST_DAY + timedelta(days=day) for day in apart]
    return [*(day.isoformat() for day in (*spread, LATEST_DAY, date(2016, 2, 29))), *nothing]


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit one field's schema."""
    if schema.get("format") == "date":
        # The generator of instances knows no formatMinimum.
        return st.sampled_from(days_and([None] if "null" in schema["type"] else []))
    if schema.get("format") in FORMATS:
        schema = {name: part for name, part in schema.items() if name != "pattern"}
    return from_schema(schema, custom_formats=FORMATS)


def instances_of(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that fit an event's schema, with or without its optional fields and unknown ones.

    Put together here, since hypothesis-jsonschema 0.23 draws objects by internals that hypothesis
    has given up.
    """
    fields = {name: values_of(part) for name, part in schema["properties"].items()}
    required = {name: fields[name] for name in schema["required"]}
    optional = {name: values for name, values in fields.items() if name not in required}
    known = st.fixed_dictionaries(required, optional=optional)
    if not schema.get("additionalProperties", True):
        return known
    return st.builds(operator.or_, UNKNOWN, known)


def taken_in(event: type[Event], told: dict[str, Any]) -> Event | set[str]:
    """The event a reader makes of it, or the error types for which it is refused."""
    try:
        return event.model_validate_json(json.dumps(told), extra=event.unknown_fields)
    except ValidationError as error:
        return {each["type"] for each in error.errors(include_context=False)}


@every_event
def test_a_schema_is_one(event: type[Event]) -> None:
    Draft202012Validator.check_schema(schema_of(event))


@every_event
@settings(
    max_examples=15, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(drawn=st.data())
def test_what_fits_the_schema_is_taken_in_and_survives_the_wire(
    event: type[Event], drawn: st.DataObject
) -> None:
    told = drawn.draw(instances_of(schema_of(event)))
    Draft202012Validator(schema_of(event)).validate(told)
    taken = taken_in(event, told)
    if not isinstance(taken, Event):
        assert taken <= RULES_BEYOND_THE_SCHEMA, told
        reject()
    envelope = envelope_for(taken, time=TOLD_AT)
    record = encode(taken, envelope, municipality=SAMPLE_MUNICIPALITY)
    Draft202012Validator(schema_of(event)).validate(json.loads(record.value))
    decoded = decode(topic=record.topic, key=record.key, value=record.value, headers=record.headers)
    assert decoded == Decoded(envelope, taken)


@every_event
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_what_does_not_fit_the_schema_is_refused(event: type[Event], drawn: st.DataObject) -> None:
    field = drawn.draw(st.sampled_from(sorted(event.model_fields)))
    anything: st.SearchStrategy[object] = (
        st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just([])
    )
    told = {**SAMPLES[event], field: drawn.draw(anything)}
    assume(not Draft202012Validator(schema_of(event)).is_valid(told))
    assume(not is_tidied(event, field))
    assert not isinstance(taken_in(event, told), Event)


def is_tidied(event: type[Event], field: str) -> bool:
    """At the door a company number or reference may be typed in more ways than one."""
    return event.publisher == "municipality" and field in {"employer", "person"}


def test_days_outside_the_calendar_are_outside_the_schema_too() -> None:
    [day] = {
        (part["formatMinimum"], part["formatMaximum"])
        for event in EVENTS
        for part in schema_of(event)["properties"].values()
        if part.get("format") == "date"
    }
    assert day == ("1900-01-01", "2199-12-31")
