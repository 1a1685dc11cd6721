"""All that the code promises at present, in one value that the gate can hold against the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.base import Event
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.samples import SAMPLES, Fields
from shared.contracts.topics import TopicSpec, load_topic_patterns


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Events by their type, the fields of a sample of each, and the topics they travel on."""

    events: Mapping[str, type[Event]]
    samples: Mapping[type[Event], Fields]
    topics: tuple[TopicSpec, ...]
    """As the file has them, `<code>` not filled in."""


def present_catalogue() -> Catalogue:
    """What the code promises now. Raises InvalidTopicsError."""
    return Catalogue(EVENT_TYPES, SAMPLES, load_topic_patterns())
