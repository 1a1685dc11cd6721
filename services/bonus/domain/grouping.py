"""Things belong together when they are joined, directly or through others."""

from __future__ import annotations

from collections.abc import Sequence


def groups_of(count: int, joined: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Group the numbers below `count` by the pairs that join them; each group is ascending."""
    if not joined:
        return [[number] for number in range(count)]
    parents = list(range(count))

    def root_of(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for left, right in joined:
        low, high = sorted((root_of(left), root_of(right)))
        parents[high] = low
    groups: dict[int, list[int]] = {}
    for number in range(count):
        groups.setdefault(root_of(number), []).append(number)
    return list(groups.values())
