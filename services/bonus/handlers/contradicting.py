"""Whoever told facts that contradict each other is shown so with the case."""

from __future__ import annotations

from services.bonus.domain.assessment import Assessment
from services.bonus.domain.contradictions import RULE
from services.bonus.domain.facts import fact_as_object
from services.bonus.store.cases import BonusCase


def contradictions_of_case(
    assessment: Assessment, case: BonusCase, *, for_employer: bool
) -> list[dict[str, object]]:
    """What is told against what about the case's placements, and about its person.

    An employer, who tells nothing about a person, is not shown what is told of her.
    """
    return [
        {
            "code": each.code.value,
            "says": each.says,
            "rule": RULE,
            "law": f"docs/law.md, {RULE}",
            "facts": [fact_as_object(fact) for fact in each.facts],
        }
        for each in assessment.find_contradictions()
        if (each.employer, each.kind) == (case.employer, case.scheme)
        or (each.employer is None and not for_employer)
    ]
