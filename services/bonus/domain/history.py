"""Which facts count: those known on a day, each once, in the order they were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TypeVar

from services.bonus.domain.facts import AboutPlacement, Fact, Recorded, fact_as_object

F = TypeVar("F", bound=Recorded)
A = TypeVar("A", bound=AboutPlacement)

NO_INSTANT = datetime.min.replace(tzinfo=UTC)


def known_facts(facts: Iterable[Fact], known_on: date) -> tuple[Fact, ...]:
    """Pick the facts recorded by the end of `known_on`, each once, the last recorded last."""
    known = sorted({fact for fact in facts if fact.recorded_on <= known_on}, key=_recorded)
    in_order: list[Fact] = []
    for _, at_once in groupby(known, key=_recorded):
        same = list(at_once)
        in_order += same if len(same) == 1 else sorted(same, key=_text)
    return tuple(in_order)


def _recorded(fact: Fact) -> tuple[date, bool, datetime]:
    """A fact without an instant comes before those of the same day with one."""
    return fact.recorded_on, fact.recorded_at is not None, fact.recorded_at or NO_INSTANT


def _text(fact: Fact) -> str:
    """The fact as JSON text with sorted keys: decides only where all else is equal."""
    return ", ".join(
        f'"{name}": {_value_text(value)}' for name, value in sorted(fact_as_object(fact).items())
    )


def _value_text(value: str | int | bool) -> str:  # noqa: FBT001  # a value, not a switch
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class History:
    """Known facts in the order they were recorded, to be asked by kind and by placement id."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._by_kind: dict[type[Recorded], list[Recorded]] = {}
        self._by_id: dict[str, list[tuple[int, AboutPlacement]]] = {}
        for position, fact in enumerate(facts):
            self._by_kind.setdefault(type(fact), []).append(fact)
            if isinstance(fact, AboutPlacement):
                self._by_id.setdefault(fact.placement, []).append((position, fact))

    def of(self, kind: type[F]) -> list[F]:
        """List the facts of one kind, the last recorded last."""
        return self._by_kind.get(kind, [])  # type: ignore[return-value]  # filed under its own type

    def about(self, ids: Iterable[str], *kinds: type[A]) -> list[A]:
        """List the facts of some kinds told under any of the ids, the last recorded last."""
        told = [entry for each in ids for entry in self._by_id.get(each, ())]
        told.sort(key=_position)
        return [fact for _, fact in told if isinstance(fact, kinds)]

    def last_about(self, ids: Iterable[str], *kinds: type[A]) -> A | None:
        """Find the last recorded fact of some kinds told under any of the ids."""
        told = self.about(ids, *kinds)
        return told[-1] if told else None


def _position(entry: tuple[int, AboutPlacement]) -> int:
    return entry[0]
