"""Whoever told facts that contradict each other is shown so with the case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.bonus.domain.assessment import Assessment, Contradiction
from services.bonus.domain.contradictions import RULE
from services.bonus.domain.facts import fact_as_object
from services.bonus.store.cases import BonusCase

HIDDEN: Final = frozenset({"person", "continues"})
"""Fields of a fact that an employer is not told: whom it is about, and where she was before."""


def contradictions_of_case(
    assessment: Assessment, case: BonusCase, *, for_employer: bool
) -> list[dict[str, object]]:
    """What is told against what about the case's placements, and about its person.

    An employer, who tells nothing about a person, is not shown what is told of her: neither her
    reference, nor that she was told to be at another employer.
    """
    return [
        {
            "code": each.code.value,
            "says": each.says,
            "rule": RULE,
            "law": f"docs/law.md, {RULE}",
            "facts": list(_facts(each, case.employer if for_employer else None)),
        }
        for each in assessment.find_contradictions()
        if (each.employer, each.kind) == (case.employer, case.scheme)
        or (each.employer is None and not for_employer)
    ]


def _facts(found: Contradiction, only: str | None) -> Iterator[dict[str, str | int | bool]]:
    """The facts that disagree, or of them what `only` this employer may read."""
    for fact in found.facts:
        told = fact_as_object(fact)
        if only is None:
            yield told
        elif told.get("employer", only) == only:
            yield {name: value for name, value in told.items() if name not in HIDDEN}
