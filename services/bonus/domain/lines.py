"""Over all spells of the person: each right once, one line each, and no more than the ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from typing import Final

from services.bonus.domain.assessment import Instalment, Reason, Status
from services.bonus.domain.candidates import (
    DUE,
    REFUSED,
    REVIEW,
    Candidate,
    candidate_of,
    refused,
)
from services.bonus.domain.checks import explanation_of, source_of
from services.bonus.domain.findings import FAILED, RAISED
from services.bonus.domain.reviews import answer_to
from services.bonus.domain.situations import Situation

LineKey = tuple[str, str, str]
"""Scheme, milestone and employer."""

ORDER_OF_STATUS: Final = tuple(Status)
ORDER_OF_REASONS: Final = tuple(Reason)


def lines_of(situations: Iterable[Situation]) -> list[Candidate]:
    """Judge every milestone, then apply once, listing and ceiling, in that order."""
    candidates = [candidate_of(situation) for situation in situations]
    return _within_ceiling(_listed(_once(candidates)))


def key_of(candidate: Candidate) -> LineKey:
    """The line a candidate competes for."""
    situation = candidate.situation
    return situation.spell.scheme, situation.milestone, situation.payee.employer


def instalment_of(line: Candidate) -> Instalment:
    """Write a line down for others to read."""
    situation = line.situation
    if line.tested is not None:
        source = source_of(situation, line.tested)
    else:
        assert line.amount is not None, "what no test refuses or sends to review has a price"
        source = line.amount.source_on(situation.spell.start)
    return Instalment(
        scheme=situation.spell.scheme,
        milestone=situation.milestone,
        employer=situation.payee.employer,
        due_on=situation.due_on,
        amount_dkk=line.amount_dkk,
        status=line.status,
        reason=line.reason,
        missing=line.missing,
        rule=source.rule,
        law=source.law,
        start=situation.spell.start,
        placements=situation.spell.ids,
        own_placements=_own_ids(situation),
        explain=partial(explanation_of, line),
    )


def _own_ids(situation: Situation) -> tuple[str, ...]:
    spell = situation.spell
    if len(spell.placements) == 1:
        return spell.ids
    return tuple(sorted(spell.ids_at(situation.payee.employer)))


def _once(candidates: list[Candidate]) -> list[Candidate]:
    """Of the candidates for one right, the due one filed first keeps it; the others have had it."""
    keepers: dict[tuple[str, ...], Candidate] = {}
    for candidate in candidates:
        if candidate.status is DUE:
            right = _right_of(candidate)
            rival = keepers.get(right)
            if rival is None or _claim_order(candidate) < _claim_order(rival):
                keepers[right] = candidate
    if len(candidates) == len(keepers):
        return candidates
    return [
        candidate
        if (keeper := keepers.get(_right_of(candidate), candidate)) is candidate
        else _already_paid(candidate, keeper)
        for candidate in candidates
    ]


def _right_of(candidate: Candidate) -> tuple[str, ...]:
    """In IGU once for the person, else once at each employer."""
    scheme, milestone, employer = key_of(candidate)
    return (scheme, milestone, employer) if candidate.situation.is_ordinary else (scheme, milestone)


def _claim_order(candidate: Candidate) -> tuple[date, date, str, date, tuple[str, ...]]:
    """By filing, then milestone, then CVR number; start and ids only make it certain."""
    situation = candidate.situation
    filed_on = date.max if situation.application is None else situation.application.filed_on
    spell = situation.spell
    return filed_on, situation.due_on, situation.payee.employer, spell.start, spell.ids


def _already_paid(candidate: Candidate, keeper: Candidate) -> Candidate:
    """Fail the test, unless one that comes before it in the order has failed already."""
    fails = Reason.ALREADY_PAID
    if candidate.status is REFUSED and _place_of(candidate.reason) < _place_of(fails):
        return candidate._replace(keeper=keeper)
    return refused(candidate.situation, fails)._replace(keeper=keeper)


def _place_of(reason: Reason | None) -> int:
    assert reason is not None, "whatever is refused is refused for a reason"
    return ORDER_OF_REASONS.index(reason)


def _listed(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Pick the best candidate of each line."""
    best: dict[LineKey, Candidate] = {}
    for candidate in candidates:
        key = key_of(candidate)
        rival = best.get(key)
        if rival is None or _listing_order(candidate) < _listing_order(rival):
            best[key] = candidate
    return list(best.values())


def _listing_order(candidate: Candidate) -> tuple[int, bool, date, str, date, tuple[str, ...]]:
    """By status, the annulled last; then milestone, reason, start; ids only make it certain."""
    spell = candidate.situation.spell
    return (
        ORDER_OF_STATUS.index(candidate.status),
        candidate.reason is Reason.ANNULLED,
        candidate.situation.due_on,
        candidate.reason or "",
        spell.start,
        spell.ids,
    )


def _within_ceiling(lines: list[Candidate]) -> list[Candidate]:
    """Per employer, send the line that would pass the ceiling to a caseworker."""
    totals: dict[str, int] = {}
    checked = []
    for line in sorted(lines, key=_ceiling_order):
        employer = line.situation.payee.employer
        total = totals.get(employer, 0)
        outcome = _against_ceiling(line, total) if line.amount_dkk else line
        totals[employer] = total + outcome.amount_dkk
        checked.append(outcome)
    return checked


def _ceiling_order(line: Candidate) -> tuple[str, date, str, str]:
    situation = line.situation
    return situation.payee.employer, situation.due_on, situation.spell.scheme, situation.milestone


def _against_ceiling(line: Candidate, total: int) -> Candidate:
    situation = line.situation
    outcome = line
    if total + line.amount_dkk > situation.rules.shared.ceiling.on(situation.spell.start):
        review = Reason.OVER_40000_SAME_EMPLOYER_PERSON
        answer = answer_to(situation, review)
        if answer is FAILED:
            outcome = refused(situation, review, Reason.REVIEW_REFUSED)
        elif answer is RAISED:
            outcome = Candidate(situation, REVIEW, 0, tested=review, reason=review)
    return outcome._replace(before_ceiling=total)
