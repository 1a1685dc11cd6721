"""One request at a door: who tells what, and how its answer is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from shared.web.identity import Role

Door = Literal["membership", "placements", "bonus"]

PERSON = "$person"
"""Stands in a content for the reference that the door gave to this life's person."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a token is for."""

    role: Role
    municipality: str | None = None
    cvr: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One request, as its sender means it, however often it must be sent."""

    door: Door
    path: str
    sender: Sender
    content: Any
    """JSON; PERSON stands for the person's reference."""
    key: str
    """Its Idempotency-Key."""
    repeated: Literal["not", "same_key", "other_key"] = "not"
    """Whether the sender, although answered, sends it once more."""
    waits_for_bonus: bool = False
    """Answered with 404 until bonus has heard of the placement."""

    def content_for(self, person: str | None) -> object:
        """What is sent, with the person's reference in its place."""
        return _filled_in(self.content, person)


def _filled_in(content: Any, person: str | None) -> Any:  # noqa: ANN401 # any JSON
    match content:
        case dict():
            return {name: _filled_in(value, person) for name, value in content.items()}
        case list():
            return [_filled_in(value, person) for value in content]
        case _ if content == PERSON:
            assert person is not None, "the person is registered first"
            return person
        case _:
            return content
