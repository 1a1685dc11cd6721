"""Topics a service needs against those there are, said in one line however many differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shared.messaging.transport import TopicMismatchError

NAMED_MAX: Final = 3
"""More say nothing more: the cause is one, and so is the remedy."""


def require_topics(wanted: Mapping[str, int], there: Mapping[str, int]) -> None:
    """Compare numbers of partitions by topic. Raises TopicMismatchError with the remedy."""
    missing = [name for name in wanted if name not in there]
    wrong = [
        f"{name} has {there[name]} partitions, not {partitions}"
        for name, partitions in wanted.items()
        if name in there and there[name] != partitions
    ]
    if missing:
        wrong.insert(0, f"missing: {abridged(missing)}")
    if wrong:
        raise TopicMismatchError(f"topics {abridged(wrong, '; ')}; run `sammen topics create`")


def abridged(names: Sequence[str], between: str = ", ") -> str:
    """The first few, and how many more."""
    if len(names) <= NAMED_MAX + 1:
        return between.join(names)
    return f"{between.join(names[:NAMED_MAX])} and {len(names) - NAMED_MAX} more"
