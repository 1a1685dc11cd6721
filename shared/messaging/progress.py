"""What a consumer says of itself when it is asked: how far it has come, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.messaging.transport import Position


@dataclass(frozen=True, slots=True)
class Blocked:
    """A batch that is being tried again, and why."""

    kind: str
    error: str
    attempts: int
    """How often something in it was tried again."""
    since_seconds: float
    """When it first failed, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a consumer has come in the partitions it holds at present."""

    consumer: str
    positions: Mapping[tuple[str, int], Position]
    blocked: Blocked | None

    @property
    def lag(self) -> int:
        """Records not yet consumed."""
        return sum(position.lag for position in self.positions.values())
