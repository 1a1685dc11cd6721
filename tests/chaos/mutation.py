"""What a deliberate mistake is: changes of the text, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Text of one file that stands there exactly once, and what stands there instead."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake, and the tests of which one at least must fail with it."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
