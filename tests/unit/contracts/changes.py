"""One event as it was, and every way it might be changed, as real models."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, create_model, model_validator

from shared.contracts.base import Event
from shared.contracts.fields import Code, Cvr, Day, Identifier, Ore, SignedOre
from shared.contracts.samples import Fields

TYPE = "dk.sammen.bonus.HatAwarded.v1"

Colour = Literal["red", "green"]
Size = Annotated[str, Field(min_length=2, max_length=10, pattern=r"^[a-z]+$")]

FIELDS: dict[str, Any] = {
    "case": (Identifier, Field(description="The case.")),
    "employer": (Cvr, Field(description="Who gets the hat.")),
    "colour": (Colour, Field(description="A closed vocabulary.")),
    "kind": (Code, Field(description="An open one.", json_schema_extra={"x-known-words": ["top"]})),
    "size": (Size, Field(description="A text with limits.")),
    "pieces": (Annotated[int, Field(ge=1, le=9)], Field(description="A number with limits.")),
    "amount_ore": (Ore, Field(description="What it costs.")),
    "awarded_on": (Day, Field(description="A date.")),
    "feathers": (
        tuple[Literal["long", "short"], ...],
        Field(description="A list.", max_length=5),
    ),
    "note": (Code | None, Field(default=None, description="May be absent.")),
    "returned_on": (Day | None, Field(default=None, description="May be absent, too.")),
}
SAMPLE: Fields = {
    "case": "c-1",
    "employer": "99000007",
    "colour": "red",
    "kind": "top",
    "size": "big",
    "pieces": 2,
    "amount_ore": 100,
    "awarded_on": "2017-01-01",
    "feathers": ["long"],
    "note": "nice",
}


class Hat(Event):
    """A hat has been awarded."""

    publisher: ClassVar[str] = "bonus"
    topic: ClassVar[str] = "bonus.events.v1"
    key_field: ClassVar[str] = "case"
    subject_field: ClassVar[str | None] = "colour"
    event_name: ClassVar[str | None] = "HatAwarded"
    draft: ClassVar[bool] = False

    @model_validator(mode="after")
    def _costs_something(self) -> Hat:
        return self


class DraftHat(Hat):
    """A hat has been awarded."""

    draft: ClassVar[bool] = True


class OtherTopicHat(Hat):
    """A hat has been awarded."""

    topic: ClassVar[str] = "placements.events.v1"


class OtherKeyHat(Hat):
    """A hat has been awarded."""

    key_field: ClassVar[str] = "employer"


class OtherSubjectHat(Hat):
    """A hat has been awarded."""

    subject_field: ClassVar[str | None] = "employer"


class OtherPublisherHat(Hat):
    """A hat has been awarded."""

    publisher: ClassVar[str] = "evaluation"


class ErasableHat(Hat):
    """A hat has been awarded."""

    compacted: ClassVar[bool] = True


class ProudHat(Hat):
    """A hat has been awarded."""

    unknown_fields: ClassVar[Literal["ignore", "forbid"]] = "forbid"


class RuledHat(Hat):
    """A hat has been awarded."""

    @model_validator(mode="after")
    def _fits(self) -> RuledHat:
        return self


class UnruledHat(Event):
    """A hat has been awarded."""

    publisher: ClassVar[str] = "bonus"
    topic: ClassVar[str] = "bonus.events.v1"
    key_field: ClassVar[str] = "case"
    subject_field: ClassVar[str | None] = "colour"
    event_name: ClassVar[str | None] = "HatAwarded"
    draft: ClassVar[bool] = False


def hat(base: type[Event] = Hat, /, *, without: str = "", **changed: Any) -> type[Event]:  # noqa: ANN401
    """The event with some fields changed, added (name=(type, Field)) or left out."""
    fields = {name: told for name, told in {**FIELDS, **changed}.items() if name != without}
    return create_model("HatAwarded", __base__=base, __doc__=base.__doc__, **fields)


def optional(told: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any type of field
    """A field of this type that may be absent."""
    return (told | None, Field(default=None, description="May be absent."))


def required(told: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any type of field
    """A field of this type that is always there."""
    return (told, Field(description="Always there."))


def numbered(low: int, high: int) -> tuple[Any, Any]:
    """A number within limits."""
    return required(Annotated[int, Field(ge=low, le=high)])


def text(low: int, high: int, pattern: str = r"^[a-z]+$", **said: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """A text within limits."""
    limits = Field(min_length=low, max_length=high, pattern=pattern, json_schema_extra=said or None)
    return required(Annotated[str, limits])


AnyDay = Annotated[date, BeforeValidator(lambda value: value)]

BREAKING: dict[str, tuple[str, type[Event]]] = {
    "a required field is gone": ("field_removed", hat(OtherSubjectHat, without="colour")),
    "an optional field is gone": ("field_removed", hat(without="note")),
    "a required field is new": ("required_field_added", hat(brim=required(Code))),
    "a field is renamed": ("field_removed", hat(without="note", remark=optional(Code))),
    "a required field becomes optional": ("became_optional", hat(size=optional(Size))),
    "an optional field becomes required": ("became_required", hat(note=required(Code))),
    "null is allowed": ("null_allowed", hat(size=(Size | None, Field(description="x")))),
    "null is refused": ("null_refused", hat(note=(Code, Field(default=None, description="x")))),
    "an integer becomes a text": ("type_changed", hat(pieces=required(Code))),
    "a text becomes a list": ("type_changed", hat(size=required(tuple[Code, ...]))),
    "a text becomes a boolean": ("type_changed", hat(kind=required(bool))),
    "a closed vocabulary loses a word": ("word_removed", hat(colour=required(Literal["red"]))),
    "a closed vocabulary gains a word": (
        "word_added",
        hat(colour=required(Literal["red", "green", "blue"])),
    ),
    "a closed vocabulary is opened": ("vocabulary_opened", hat(colour=required(Code))),
    "an open vocabulary is closed": ("vocabulary_closed", hat(kind=required(Literal["top"]))),
    "a word in a list is new": (
        "word_added",
        hat(feathers=(tuple[Literal["long", "short", "none"], ...], Field(max_length=5))),
    ),
    "a pattern is narrowed": ("pattern_changed", hat(size=text(2, 10, r"^[a-f]+$"))),
    "a pattern is widened": ("pattern_changed", hat(size=text(2, 10, r"^[a-z0-9]+$"))),
    "a maximum length is tightened": ("limit_tightened", hat(size=text(2, 9))),
    "a maximum length is loosened": ("limit_loosened", hat(size=text(2, 11))),
    "a minimum length is tightened": ("limit_tightened", hat(size=text(3, 10))),
    "a minimum is tightened": ("limit_tightened", hat(pieces=numbered(2, 9))),
    "a maximum is loosened": ("limit_loosened", hat(pieces=numbered(1, 10))),
    "an amount may be negative": ("limit_loosened", hat(amount_ore=required(SignedOre))),
    "a list may be shorter only": (
        "limit_tightened",
        hat(feathers=(tuple[Literal["long", "short"], ...], Field(max_length=4))),
    ),
    "a date has other bounds": ("limit_loosened", hat(awarded_on=required(AnyDay))),
    "a format is another": ("format_changed", hat(employer=text(8, 8, r"^[0-9]{8}$", format="p"))),
    "a date becomes any text": ("format_changed", hat(awarded_on=text(1, 20))),
    "the topic is another": ("moved", hat(OtherTopicHat)),
    "the partition key is another": ("moved", hat(OtherKeyHat)),
    "the subject is another": ("moved", hat(OtherSubjectHat)),
    "records can be erased": ("moved", hat(ErasableHat)),
    "unknown fields are refused": ("unknown_fields_refused", hat(ProudHat)),
    "a rule between fields is new": ("rule_added", hat(RuledHat)),
    "a rule between fields is gone": ("rule_taken_out", hat(UnruledHat)),
    "a promise is taken back": ("draft_again", hat(DraftHat)),
    "a keyword nobody decided about": (
        "undecided",
        hat(pieces=required(Annotated[int, Field(ge=1, le=9, multiple_of=2)])),
    ),
}
"""Changes that must be refused, with the rule that refuses them."""

HARMLESS: dict[str, type[Event]] = {
    "nothing at all": hat(),
    "an optional field is new": hat(brim=optional(Code)),
    "a description is reworded": hat(size=(Size, Field(description="How big it is."))),
    "an open vocabulary knows one more word": hat(
        kind=(Code, Field(description="x", json_schema_extra={"x-known-words": ["top", "straw"]}))
    ),
}
"""Changes nobody can complain about."""
