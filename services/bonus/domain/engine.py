"""Facts in, frozen assessment out: the same facts in any order give the same assessment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial

from services.bonus.domain.assessment import Assessment
from services.bonus.domain.claims import LookBack, claimed_by_line, paid_by_line
from services.bonus.domain.contradictions import contradictions_of
from services.bonus.domain.differences import LineKey
from services.bonus.domain.facts import Fact
from services.bonus.domain.flags import flags_of
from services.bonus.domain.history import known_facts
from services.bonus.domain.lines import instalment_of, lines_of
from services.bonus.domain.rules import Rules
from services.bonus.domain.situations import picture_of, situations_of


def assess(facts: Iterable[Fact], *, as_of: date, known_on: date, rules: Rules) -> Assessment:
    """Assess all the placements of one person, seen on `as_of` as known on `known_on`.

    The facts are about one person; their order and repetitions don't matter. `as_of` decides only
    which milestones are reached: a known fact counts whatever dates it carries.
    """
    known = known_facts(facts, known_on)
    picture = picture_of(known, as_of, rules)
    situations = situations_of(picture)
    lines = lines_of(situations)
    paid = paid_by_line(picture)
    claimed = claimed_by_line(paid, lines)
    return Assessment(
        as_of=as_of,
        known_on=known_on,
        instalments=tuple(instalment_of(line) for line in lines),
        repayment_claims=LookBack(known, as_of, rules).claims(paid, claimed) if claimed else (),
        flags=flags_of(picture),
        dates_ahead=tuple(sorted({each.due_on for each in situations if not each.is_reached})),
        find_contradictions=partial(contradictions_of, picture),
    )


def next_look_on(assessment: Assessment) -> date | None:
    """The next day on which time alone can change the assessment; None if none is left."""
    return assessment.dates_ahead[0] if assessment.dates_ahead else None


def paid_told(facts: Iterable[Fact], *, known_on: date, rules: Rules) -> dict[LineKey, int]:
    """What the facts say was paid of each instalment, in whole kroner, movements counted once."""
    paid = paid_by_line(picture_of(known_facts(facts, known_on), known_on, rules))
    return {
        LineKey(employer, scheme, milestone): amount
        for (scheme, milestone, employer), amount in paid.items()
    }
