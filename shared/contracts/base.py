"""An event is a frozen value that says what happened, to whom it matters and where it travels."""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

TYPE_PREFIX = "dk.sammen"
CODE_PLACEHOLDER = "<code>"
"""Stands in a topic's name for the code of a municipality; there is one such topic for each."""


class Contract(BaseModel):
    """A strict, frozen value; what isn't declared is refused when it is built."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        # An error may end in a log, and the input may hold what must not stand there.
        hide_input_in_errors=True,
    )


class Event(Contract):
    """What a service tells others has happened."""

    publisher: ClassVar[str]
    """Service that may publish it; `municipality` and `finance` are outside parties."""
    topic: ClassVar[str]
    """Topic it travels on; may hold `<code>`, filled in from the field `municipality`."""
    key_field: ClassVar[str]
    """Field whose text is the partition key."""
    subject_field: ClassVar[str | None] = None
    """Field whose text is the CloudEvents subject."""
    event_name: ClassVar[str | None] = None
    """Name on the wire where it differs from the class's."""
    version: ClassVar[int] = 1
    draft: ClassVar[bool] = True
    """No service publishes it yet: it may still change in any way."""
    compacted: ClassVar[bool] = False
    """Its topic keeps the newest record per key, and a null value erases."""
    unknown_fields: ClassVar[Literal["ignore", "forbid"]] = "ignore"
    """What a reader does with a field it doesn't know."""

    @classmethod
    @cache
    def event_type(cls) -> str:
        """`dk.sammen.<publisher>.<Name>.v<version>`, the CloudEvents type."""
        return f"{TYPE_PREFIX}.{cls.publisher}.{cls.event_name or cls.__name__}.v{cls.version}"

    @classmethod
    @cache
    def source(cls) -> str:
        """`/sammen/<publisher>`, the CloudEvents source."""
        return f"/sammen/{cls.publisher}"

    def partition_key(self) -> str:
        """Text whose records keep their order."""
        return str(getattr(self, self.key_field))

    def subject(self) -> str | None:
        """What the event is about, where that isn't the key."""
        return None if self.subject_field is None else str(getattr(self, self.subject_field))

    def topic_name(self, municipality: str | None = None) -> str:
        """Name of the very topic this event travels on.

        `municipality` is needed where a municipality has a topic of its own and the event doesn't
        say which municipality's: a report says it by the topic alone.
        """
        if CODE_PLACEHOLDER not in self.topic:
            return self.topic
        municipality = getattr(self, "municipality", municipality)
        assert municipality, f"{self.event_type()} doesn't say which municipality's topic"
        return self.topic.replace(CODE_PLACEHOLDER, municipality)
