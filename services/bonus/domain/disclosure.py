"""What an employer is told of its own case: nothing of another employer.

A spell may run on at another employer, and a right may have been earned there: that counts, and is
said, but not where, from when, or what was told there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.bonus.domain.assessment import Assessment, Check, Explanation, Instalment
from services.bonus.domain.phrases import CLAUSES_APART, ELSEWHERE, phrase_of, split_comparison

EMPLOYER_KIND: Final = "employer"


def as_told_to_employer(assessment: Assessment, employer: str) -> Assessment:
    """The assessment as this employer may read it: its own lines and claims, and no flags."""
    return replace(
        assessment,
        instalments=tuple(
            _narrowed(each) for each in assessment.instalments if each.employer == employer
        ),
        repayment_claims=tuple(
            each for each in assessment.repayment_claims if each.employer == employer
        ),
        flags=(),
    )


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
