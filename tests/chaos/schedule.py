"""What goes wrong, in which order, from a seed.

Two hands do harm at once, each one thing after the other: one to the services' processes, one to
what they stand on, so that faults of both kinds meet. Each hand begins with one of each of its
kinds, so that even a short soak on a slow machine has them all; shuffled decks follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, TypeVar

from shared.messaging.failpoints import Point

T = TypeVar("T")

ServiceFault = Literal["service killed", "killed at a failpoint", "service restarted"]
GroundFault = Literal["broker killed", "broker hangs", "database killed", "database stopped"]
Kind = ServiceFault | GroundFault

SERVICE_DECK: Final[Sequence[ServiceFault]] = (
    "service killed",
    "killed at a failpoint",
    "service killed",
    "killed at a failpoint",
    "killed at a failpoint",
    "service restarted",
)
GROUND_DECK: Final[Sequence[GroundFault]] = (
    "broker killed",
    "database killed",
    "broker hangs",
    "database stopped",
)

RELAYS: Final = ("membership", "placements", "bonus")
CONSUMERS: Final = ("bonus", "evaluation", "notifications")
RELAY_POINTS: Final[Sequence[Point]] = (
    "relay.after_select",
    "relay.after_publish",
    "relay.after_mark",
)
CONSUMER_POINTS: Final[Sequence[Point]] = (
    "consumer.after_commit",  # twice: between the database's commit and the offset's
    "consumer.after_commit",
    "consumer.before_transaction",
    "consumer.after_inbox",
    "consumer.before_commit",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that goes wrong, and the pause before the next."""

    kind: Kind
    target: str
    """A service, a broker's number, or nothing."""
    point: Point | None
    hold_seconds: float
    """How long it stays wrong."""
    pause_seconds: float


def service_steps(seed: int, services: Sequence[str]) -> Iterator[Step]:
    """Harm to processes, without end."""
    dice = _dice(seed, "services")
    points = _dealt(dice, [(name, point) for name, point in _points()])
    victims = _dealt(dice, services)
    for kind in _kinds(dice, SERVICE_DECK):
        pause = dice.uniform(1.0, 3.0)
        if kind == "killed at a failpoint":
            name, point = next(points)
            yield Step(kind, name, point, 0.0, pause)
        else:
            hold = dice.uniform(0.0, 3.0) if kind == "service killed" else 0.0
            yield Step(kind, next(victims), None, hold, pause)


def ground_steps(seed: int, nodes: Sequence[int]) -> Iterator[Step]:
    """Harm to brokers and the database, without end."""
    dice = _dice(seed, "ground")
    victims = _dealt(dice, nodes)
    for kind in _kinds(dice, GROUND_DECK):
        pause = dice.uniform(1.0, 4.0)
        match kind:
            case "broker killed":
                yield Step(kind, str(next(victims)), None, dice.uniform(4.0, 8.0), pause)
            case "broker hangs":
                yield Step(kind, str(next(victims)), None, dice.uniform(5.0, 20.0), pause)
            case _:
                yield Step(kind, "", None, dice.uniform(0.5, 4.0), pause)


def _points() -> list[tuple[str, Point]]:
    relays = [(name, point) for name in RELAYS for point in RELAY_POINTS]
    return relays + [(name, point) for name in CONSUMERS for point in CONSUMER_POINTS]


def _dice(seed: int, hand: str) -> Random:
    return Random(f"{seed}-{hand}")  # noqa: S311 # the same again, not a secret


def _kinds(dice: Random, deck: Sequence[T]) -> Iterator[T]:
    first = [kind for at, kind in enumerate(deck) if kind not in deck[:at]]
    dice.shuffle(first)
    yield from first
    yield from _dealt(dice, deck)


def _dealt(dice: Random, deck: Sequence[T]) -> Iterator[T]:
    while True:
        cards = list(deck)
        dice.shuffle(cards)
        yield from cards
