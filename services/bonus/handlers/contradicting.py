"""Whoever told facts that contradict each other is shown so with the case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.bonus.domain.assessment import Assessment, Contradiction
from services.bonus.domain.contradictions import RULE
from services.bonus.domain.facts import Fact, fact_as_object
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
            "facts": [_fact(fact, for_employer=for_employer) for fact in each.facts],
        }
        for each in contradictions_seen(assessment, case, for_employer=for_employer)
    ]


def contradictions_seen(
    assessment: Assessment, case: BonusCase, *, for_employer: bool
) -> Iterator[Contradiction]:
    """What contradicts in the case, each with the facts that its reader may know of."""
    for each in assessment.find_contradictions():
        if (each.employer, each.kind) == (case.employer, case.scheme):
            own = [fact for fact in each.facts if _is_at(fact, case.employer)]
            yield replace(each, facts=tuple(own)) if for_employer else each
        elif each.employer is None and not for_employer:
            yield each


def _is_at(fact: Fact, employer: str) -> bool:
    return getattr(fact, "employer", employer) == employer


def _fact(fact: Fact, *, for_employer: bool) -> dict[str, str | int | bool]:
    told = fact_as_object(fact)
    hidden = HIDDEN if for_employer else ()
    return {name: value for name, value in told.items() if name not in hidden}
