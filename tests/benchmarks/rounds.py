"""Both sides of a comparison are measured in turns, because machines are noisy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

ROUNDS = 5

Work = Callable[[], Awaitable[int]]
"""Does some work once and says how many things it did."""


@dataclass(frozen=True)
class Measured:
    """Things a second on both sides, by round, and what they are."""

    name: str
    ours: list[float]
    other_name: str
    others: list[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(self.ours, self.others, strict=True))

    def row(self) -> tuple[str, str, str, str]:
        """Name, our rate with its spread, the other's, and the ratio."""
        return (self.name, _rate(self.ours), f"{_rate(self.others)} ({self.other_name})", self._x())

    def _x(self) -> str:
        return f"{self.ratio:.3g} times"


async def in_turns(name: str, ours: Work, other_name: str, other: Work) -> Measured:
    """Measure both, one after the other, ROUNDS times."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, found in zip((ours, other), rates, strict=True):
            began = time.perf_counter()
            done = await work()
            found.append(done / (time.perf_counter() - began))
    return Measured(name, rates[0], other_name, rates[1])


def _rate(rates: list[float]) -> str:
    return f"{statistics.median(rates):,.0f}/s [{min(rates):,.0f}..{max(rates):,.0f}]"
