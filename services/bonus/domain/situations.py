"""One milestone of one spell, with all that bears on it: what every test looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from services.bonus.domain.assessment import Check, Missing, Reason, Verdict
from services.bonus.domain.facts import BonusApplied, CourseCompleted, Fact, ReviewDecided
from services.bonus.domain.history import History
from services.bonus.domain.hours import ConfirmedHours, confirmed_hours
from services.bonus.domain.persons import Person, person_of
from services.bonus.domain.placements import Placement, placements_of
from services.bonus.domain.rules import Parameter, Rules, Source
from services.bonus.domain.sectors import Sector, sector_on
from services.bonus.domain.spells import IGU, ORDINARY, Spell, due_date, spells_of

DecisionKey = tuple[str, str, str, str]
"""Employer, scheme, milestone and the reason of the review."""


@dataclass(frozen=True)
class Picture:
    """Everything known about one person, read from the facts that count."""

    rules: Rules
    as_of: date
    history: History
    person: Person
    placements: tuple[Placement, ...]
    spells: tuple[Spell, ...]
    decisions: Mapping[DecisionKey, ReviewDecided]


def picture_of(known: Sequence[Fact], as_of: date, rules: Rules) -> Picture:
    """Read facts that are in the order they were recorded."""
    history = History(known)
    placements = placements_of(history)
    return Picture(
        rules=rules,
        as_of=as_of,
        history=history,
        person=person_of(history),
        placements=placements,
        spells=spells_of(placements),
        decisions={
            (told.employer, told.scheme, told.milestone, told.review): told
            for told in history.of(ReviewDecided)
        },
    )


@dataclass(frozen=True)
class Situation:
    """One milestone of one spell."""

    picture: Picture
    spell: Spell
    milestone: str
    due_on: date
    payee: Placement
    sector: Sector
    application: BonusApplied | None
    """The earliest filed of those that count."""

    @property
    def scheme(self) -> str:
        """`ordinary` or `igu`."""
        return self.spell.scheme

    @property
    def is_ordinary(self) -> bool:
        """Whether the scheme is that of ordinary employment."""
        return self.spell.scheme == ORDINARY

    @property
    def is_reached(self) -> bool:
        """Whether the milestone lies no later than the day it is seen on."""
        return self.due_on <= self.picture.as_of

    @cached_property
    def confirmed(self) -> ConfirmedHours:
        """The hours confirmed from the start to the milestone."""
        return confirmed_hours(self.spell, self.due_on, self.picture.history)

    @cached_property
    def completion(self) -> CourseCompleted | None:
        """The certificate that counts: the last recorded about any placement of the spell."""
        return self.picture.history.last_about(self.spell.ids, CourseCompleted)

    def decision_on(self, review: Reason) -> ReviewDecided | None:
        """Find the last recorded decision on a review of this payee, scheme and milestone."""
        key = (self.payee.employer, self.scheme, self.milestone, review.value)
        return self.picture.decisions.get(key)

    def check(
        self,
        code: Reason | Missing,
        verdict: Verdict,
        arithmetic: str,
        *,
        by: Parameter[object] | Source | None = None,
        facts: Iterable[Fact] = (),
    ) -> Check:
        """Write down a test, by a parameter's law at the start, or by the table of sources."""
        if isinstance(by, Parameter):
            by = by.source_on(self.spell.start)
        source = by or self.picture.rules.sources[self.scheme, code]
        return Check(code, source.rule, source.law, verdict, arithmetic, tuple(facts))


def milestones_by_scheme(rules: Rules) -> Mapping[str, Parameter[Mapping[str, int]]]:
    """The milestones each scheme pays for; a placement of another kind bears no bonus."""
    return {ORDINARY: rules.ordinary.milestones, IGU: rules.igu.milestones}


def milestones_ever(kind: str, rules: Rules) -> tuple[str, ...]:
    """Every milestone a kind of placement was ever paid for, in order; none if it bears no bonus.

    Which of them counts for a placement depends on its start, and is assessed.
    """
    milestones = milestones_by_scheme(rules).get(kind)
    if milestones is None:
        return ()
    return tuple(dict.fromkeys(name for each in milestones.versions for name in each.value))


def situations_of(picture: Picture) -> list[Situation]:
    """List the milestones of every spell, also of one refused or long over."""
    situations = []
    for spell in picture.spells:
        milestones = milestones_by_scheme(picture.rules)[spell.scheme].on(spell.start)
        for milestone, months in milestones.items():
            due_on = due_date(spell, milestone, months, picture.history)
            payee = spell.payee_on(due_on)
            situations.append(
                Situation(
                    picture=picture,
                    spell=spell,
                    milestone=milestone,
                    due_on=due_on,
                    payee=payee,
                    sector=sector_on(
                        due_on,
                        payee.employer,
                        picture.history,
                        picture.rules.shared.public_share_from,
                    ),
                    application=_application(spell, milestone, payee, picture.history),
                )
            )
    return situations


def _application(
    spell: Spell, milestone: str, payee: Placement, history: History
) -> BonusApplied | None:
    """Find the earliest filed application about a placement of the spell at the payee."""
    at_payee = [each for each in spell.placements if each.employer == payee.employer]
    ids = [each for placement in at_payee for each in placement.ids]
    filed = [told for told in history.about(ids, BonusApplied) if told.milestone == milestone]
    return min(filed, key=lambda told: told.filed_on, default=None)
