"""Which facts count: those known on a day, each once, in the order they were recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Final, TypeVar

from services.bonus.domain.facts import (
    FACT_TYPES,
    AboutPlacement,
    Fact,
    PlacementAnnulled,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementReinstated,
    Recorded,
)

F = TypeVar("F", bound=Recorded)
A = TypeVar("A", bound=AboutPlacement)

NO_INSTANT = datetime.min.replace(tzinfo=UTC)

KIND = "fact"
"""The name a fact's kind is told under."""
COMPARABLE: Final = (date, bool)
UNDONE_BY: Final[dict[type[Recorded], type[Recorded]]] = {
    PlacementEndRetracted: PlacementEnded,
    PlacementReinstated: PlacementAnnulled,
}
"""What undoes a fact is filed with it: of both, the one recorded last counts."""


def known_facts(facts: Iterable[Fact], known_on: date) -> tuple[Fact, ...]:
    """Pick the facts recorded by the end of `known_on`, each once, the last recorded last."""
    at_once: dict[tuple[date, bool, datetime], list[Fact]] = {}
    for fact in facts:
        if fact.recorded_on <= known_on:
            at_once.setdefault(_recorded(fact), []).append(fact)
    in_order: list[Fact] = []
    for recorded in sorted(at_once):
        same = at_once[recorded]
        # Only facts recorded at once can be identical, and only these must be told apart.
        in_order += same if len(same) == 1 else _apart(same)
    return tuple(in_order)


def _apart(facts: list[Fact]) -> list[Fact]:
    """Put facts recorded at once in the order of their text, each once."""
    facts.sort(key=_text)
    apart: list[Fact] = []
    for fact in facts:
        # Facts of two kinds are never the same; asking their fields would take longer.
        if not apart or type(fact) is not type(apart[-1]) or fact != apart[-1]:
            apart.append(fact)
    return apart


def _recorded(fact: Fact) -> tuple[date, bool, datetime]:
    """A fact without an instant comes before those of the same day with one."""
    recorded_at = fact.recorded_at
    if recorded_at is None:
        return fact.recorded_on, False, NO_INSTANT
    return fact.recorded_on, True, recorded_at


def _text(fact: Fact) -> list[object]:
    """The fact as JSON text with sorted keys, piece by piece: a name, its value, the next name.

    Decides only where all else is equal. Under one name stand values of one type, so days and
    truths can be compared as they are: they come in the order of their text.
    """
    names, values_of = BY_NAME[type(fact)]
    pieces: list[object] = []
    for name, value in zip(names, values_of(fact), strict=True):
        if value is None:
            continue
        if isinstance(value, str):
            # The closing quote counts: a space or an exclamation mark comes before it.
            pieces += name, (value if value.isalnum() else _escaped(value)) + '"'
        elif isinstance(value, COMPARABLE):
            pieces += name, value
        elif isinstance(value, type):
            pieces += name, value.__name__
        else:
            pieces += name, f"{value:f}" if isinstance(value, Decimal) else str(value)
    return pieces


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _by_name(
    kind: type[Fact],
) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]]]:
    """The sorted names of a kind's fields, and what reads their values; the class is its kind.

    What all facts recorded at once have in common can't tell them apart, and is left out.
    """
    told = {field.name: field.name for field in fields(kind)} | {KIND: "__class__"}
    del told["recorded_on"], told["recorded_at"]
    names = tuple(sorted(told))
    return names, attrgetter(*[told[name] for name in names])


BY_NAME: Final = {kind: _by_name(kind) for kind in FACT_TYPES.values()}


class History:
    """Known facts in the order they were recorded, to be asked by kind and by placement id."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._by_kind: dict[type[Recorded], list[Recorded]] = {}
        self._by_id: dict[type[Recorded], dict[str, list[tuple[int, AboutPlacement]]]] = {}
        for position, fact in enumerate(facts):
            kind = type(fact)
            if isinstance(fact, AboutPlacement):
                by_id = self._by_id.setdefault(UNDONE_BY.get(kind, kind), {})
                by_id.setdefault(fact.placement, []).append((position, fact))
            self._by_kind.setdefault(kind, []).append(fact)

    def of(self, kind: type[F]) -> list[F]:
        """List the facts of one kind, the last recorded last."""
        return self._by_kind.get(kind, [])  # type: ignore[return-value]  # filed under its own type

    def about(self, ids: Collection[str], kind: type[A]) -> list[A]:
        """List the facts of a kind, and what undoes them, told under any of the ids, in order."""
        by_id = self._by_id.get(kind)
        if by_id is None:
            return []
        told = [entry for each in ids for entry in by_id.get(each, ())]
        if len(ids) > 1:
            told.sort()
        return [fact for _, fact in told]  # type: ignore[misc]  # filed under its own type
