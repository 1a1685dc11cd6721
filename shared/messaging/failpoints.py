"""Named places where a process can be made to die, so that tests can say what is left behind.

Outside such tests nothing is installed and a point costs one look into an empty dictionary.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

Point = Literal[
    "relay.after_select",
    "relay.after_publish",
    "relay.after_mark",
    "consumer.before_transaction",
    "consumer.after_inbox",
    "consumer.before_commit",
    "consumer.after_commit",
    "replay.after_failure",
    "replay.before_commit",
    "replay.after_commit",
]

POINTS: Final[tuple[Point, ...]] = get_args(Point)
"""Every point there is, so that a campaign can show that it reached all of them."""

_installed: dict[Point, Callable[[], Awaitable[None]]] = {}


async def reached(point: Point) -> None:
    """Do what a test installed here, else nothing."""
    if action := _installed.get(point):
        await action()


def install(point: Point, action: Callable[[], Awaitable[None]]) -> None:
    """Have the action run each time the point is reached; only for tests."""
    _installed[point] = action


def clear() -> None:
    """Forget every installed action."""
    _installed.clear()
