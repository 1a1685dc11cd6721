"""Every event there is, by its CloudEvents type."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.contracts import bonus, finance, membership, notifications, placements, reports
from shared.contracts.base import Event

EVENTS: Final[tuple[type[Event], ...]] = (
    *membership.EVENTS,
    *placements.EVENTS,
    *reports.EVENTS,
    *bonus.EVENTS,
    *finance.EVENTS,
    *notifications.EVENTS,
)
"""Every event of every version, by publisher."""

EVENT_TYPES: Final[Mapping[str, type[Event]]] = MappingProxyType(
    {event.event_type(): event for event in EVENTS}
)
"""Every event by its type; a published one is never taken out, since records are kept for ever."""

assert len(EVENT_TYPES) == len(EVENTS), "two events share a type"

COMPACTED_TOPICS: Final[frozenset[str]] = frozenset(
    event.topic for event in EVENTS if event.compacted
)
"""Topics on which a record without a value erases."""


def events_of(publisher: str) -> tuple[type[Event], ...]:
    """Every event the publisher may publish, in the order of the contract page."""
    return tuple(event for event in EVENTS if event.publisher == publisher)
