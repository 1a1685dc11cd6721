"""What an employer is told of its own case: nothing of another employer.

A spell may run on at another employer, and a right may have been earned there: that counts, and is
said, but not where, from when, or what was told there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.bonus.domain.assessment import Assessment, Check, Explanation, Instalment
from services.bonus.domain.facts import AboutPlacement, Fact, PlacementStarted, fact_as_object
from services.bonus.domain.phrases import CLAUSES_APART, ELSEWHERE, phrase_of, split_comparison

EMPLOYER_KIND: Final = "employer"
HIDDEN: Final = frozenset({"person", "continues"})


def as_told_to_employer(assessment: Assessment, employer: str) -> Assessment:
    """The assessment as this employer may read it: its own lines and claims, what contradicts at
    its placements, and no flags.
    """
    return replace(
        assessment,
        instalments=tuple(
            _narrowed(each) for each in assessment.instalments if each.employer == employer
        ),
        repayment_claims=tuple(
            each for each in assessment.repayment_claims if each.employer == employer
        ),
        flags=(),
        find_contradictions=lambda: tuple(
            replace(each, facts=tuple(fact for fact in each.facts if _is_at(fact, employer)))
            for each in assessment.find_contradictions()
            if each.employer == employer
        ),
    )


def fact_as_told(fact: Fact, *, for_employer: bool) -> dict[str, str | int | bool]:
    """A fact as an object; an employer is not told whom it is about, nor where she was before."""
    hidden = HIDDEN if for_employer else ()
    return {name: value for name, value in fact_as_object(fact).items() if name not in hidden}


def facts_of_case(known: Mapping[str, Fact], employer: str) -> frozenset[str]:
    """Ids of the facts that bear on a case: about the person alone, this employer, or a placement
    ever reported there.
    """
    own = {
        fact.placement
        for fact in known.values()
        if isinstance(fact, PlacementStarted) and fact.employer == employer
    }
    return frozenset(
        fact_id
        for fact_id, fact in known.items()
        if (fact.placement in own if isinstance(fact, AboutPlacement) else _is_at(fact, employer))
    )


def _is_at(fact: Fact, employer: str) -> bool:
    """Whether the fact names no other employer."""
    return getattr(fact, "employer", employer) == employer


def _narrowed(line: Instalment) -> Instalment:
    return replace(line, placements=line.own_placements, explain=lambda: _explained(line))


def _explained(line: Instalment) -> Explanation:
    why = line.explain()
    return replace(why, checks=tuple(_check(each, line.employer) for each in why.checks))


def _check(check: Check, employer: str) -> Check:
    head, clauses = split_comparison(check.arithmetic)
    told = [ELSEWHERE if _names_another(each, employer) else each for each in clauses]
    return check if told == clauses else replace(check, arithmetic=head + CLAUSES_APART.join(told))


def _names_another(clause: str, employer: str) -> bool:
    phrase = phrase_of(clause)
    if phrase is None:
        return False
    named: Mapping[str, str] = phrase.values_in(clause)
    return any(
        value != employer for name, value in named.items() if phrase.kinds[name] == EMPLOYER_KIND
    )
