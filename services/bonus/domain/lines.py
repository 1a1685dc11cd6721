"""Over all spells of the person: each right once, one line each, and no more than the ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from services.bonus.domain.assessment import Check, Instalment, Reason, Status, Verdict
from services.bonus.domain.candidates import Candidate, candidate_of, judged
from services.bonus.domain.reviews import decided
from services.bonus.domain.situations import Situation

LineKey = tuple[str, str, str]
"""Scheme, milestone and employer."""

ORDER_OF_STATUS = tuple(Status)


def lines_of(situations: Iterable[Situation]) -> list[Candidate]:
    """Judge every milestone, then apply once, listing and ceiling, in that order."""
    candidates = [candidate_of(situation) for situation in situations]
    return _within_ceiling(_listed(_once(candidates)))


def key_of(candidate: Candidate) -> LineKey:
    """The line a candidate competes for."""
    situation = candidate.situation
    return situation.scheme, situation.milestone, situation.payee.employer


def instalment_of(line: Candidate) -> Instalment:
    """Write a line down for others to read."""
    situation = line.situation
    decisive: Check | None = line.deciding
    source = decisive or line.price
    assert source is not None, "without a price a line is under review"
    return Instalment(
        scheme=situation.scheme,
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
        price=line.price,
        checks=line.checks,
    )


def _once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of the candidates for one right, the due one filed first keeps it; the others have had it."""
    keepers: dict[tuple[str, ...], Candidate] = {}
    for candidate in sorted(candidates, key=_claim_order):
        if candidate.status is Status.DUE:
            keepers.setdefault(_right_of(candidate), candidate)
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
    arithmetic = (
        f"earned by the job from {keeper.situation.spell.start}"
        f" at {keeper.situation.payee.employer}, due {keeper.situation.due_on}"
    )
    checks = tuple(
        replace(check, verdict=Verdict.FAILED, arithmetic=arithmetic)
        if check.code is Reason.ALREADY_PAID
        else check
        for check in candidate.checks
    )
    return judged(candidate.situation, candidate.price, checks)


def _listed(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Pick the best candidate of each line."""
    best: dict[LineKey, Candidate] = {}
    for candidate in sorted(candidates, key=_listing_order):
        best.setdefault(key_of(candidate), candidate)
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


def _within_ceiling(lines: Iterable[Candidate]) -> list[Candidate]:
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
    return situation.payee.employer, situation.due_on, situation.scheme, situation.milestone


def _against_ceiling(line: Candidate, total: int) -> Candidate:
    situation = line.situation
    parameter = situation.picture.rules.shared.ceiling
    ceiling = parameter.on(situation.spell.start)
    sum_so_far = total + line.amount_dkk
    holds = sum_so_far <= ceiling
    check = situation.check(
        Reason.OVER_40000_SAME_EMPLOYER_PERSON,
        Verdict.PASSED if holds else Verdict.RAISED,
        f"{total} + {line.amount_dkk} = {sum_so_far} {'<=' if holds else '>'} {ceiling}",
        by=parameter,
    )
    if not holds:
        check = decided(situation, check)
    return judged(situation, line.price, (*line.checks, check))
