"""The tests that look at the start: annulment, employer, person, permit, window, age, residence."""

from __future__ import annotations

from services.bonus.domain.days import months_after
from services.bonus.domain.findings import FAILED, PASSED, UNKNOWN, Finding, always
from services.bonus.domain.sectors import Standing
from services.bonus.domain.situations import Situation

VERDICT_ON = {Standing.PUBLIC: FAILED, Standing.PRIVATE: PASSED, Standing.UNKNOWN: UNKNOWN}
NOT_ANNULLED = always(PASSED, "no annulment stands")
PERMIT_NOT_KNOWN = always(UNKNOWN, "permit not known")
BIRTH_NOT_KNOWN = always(UNKNOWN, "birth date not known")
RESIDENCE_NOT_KNOWN = always(UNKNOWN, "residence not known")


def annulled(situation: Situation) -> Finding:
    """The placement was not annulled."""
    fact = situation.spell.placements[0].annulled_by
    if fact is None:
        return NOT_ANNULLED
    return FAILED, lambda: (f"annulled by what was told on {fact.recorded_on}", [fact])


def employer_public(situation: Situation) -> Finding:
    """The payee is no public employer on the milestone's date."""
    sector = situation.sector
    result = VERDICT_ON[sector.standing]
    share = situation.rules.shared.public_share_from
    return result, lambda: (
        f"employer {situation.payee.employer} is {sector.standing.value} on {situation.due_on}"
        f" (public from {share.on(situation.due_on)} percent public funding)",
        [] if sector.report is None else [sector.report],
    )


def person_not_covered(situation: Situation) -> Finding:
    """The person's category is one the act covers, or one a caseworker decides about."""
    rules = situation.rules
    person = situation.person
    start = situation.spell.start
    category = person.category
    covered = (rules.ordinary if situation.is_ordinary else rules.igu).covered.on(start)
    # Those are left to a caseworker instead (PERSON_SCOPE).
    reviewed = rules.ordinary.for_review.on(start) if situation.is_ordinary else frozenset()
    result = UNKNOWN
    if category is not None:
        result = PASSED if category in covered or category in reviewed else FAILED
    return result, lambda: (
        f"category {category or 'not known'}; covered: {', '.join(sorted(covered | reviewed))}",
        person.facts_for("category"),
    )


def hired_before_permit(situation: Situation) -> Finding:
    """The start is not before the permit was granted."""
    start = situation.spell.start
    person = situation.person
    permit = person.permit_granted_on
    if permit is None:
        return PERMIT_NOT_KNOWN
    holds = permit <= start
    return PASSED if holds else FAILED, lambda: (
        f"start {start} {'>=' if holds else '<'} permit {permit}",
        person.facts_for("permit_granted_on"),
    )


def outside_window(situation: Situation) -> Finding:
    """The start lies in the window of the scheme."""
    rules = situation.rules
    start = situation.spell.start
    if situation.is_ordinary:
        first, last = rules.ordinary.first_hire.on(start), rules.ordinary.last_hire.on(start)
    else:
        first, last = rules.igu.first_start.on(start), rules.igu.last_start.on(start)
    holds = first <= start <= last
    return PASSED if holds else FAILED, lambda: (
        f"start {start} {'within' if holds else 'outside'} {first} to {last}",
        situation.spell.placements[0].started_by,
    )


def permit_older_than_2y(situation: Situation) -> Finding:
    """The hire comes within the permit's first two years."""
    start = situation.spell.start
    person = situation.person
    permit = person.permit_granted_on
    if permit is None:
        return PERMIT_NOT_KNOWN
    limit = situation.rules.ordinary.permit_age.on(start)
    return PASSED if limit.holds(permit, start) else FAILED, lambda: (
        f"hire {limit.written(permit, start)}",
        person.facts_for("permit_granted_on"),
    )


def igu_age(situation: Situation) -> Finding:
    """The trainee is of age and not too old at the start."""
    start = situation.spell.start
    person = situation.person
    born = person.born_on
    if born is None:
        return BIRTH_NOT_KNOWN
    rules = situation.rules.igu
    oldest = rules.age_limit.on(start)
    of_age = months_after(born, rules.age_from_months.on(start))
    holds = of_age <= start and oldest.holds(born, start)
    return PASSED if holds else FAILED, lambda: (
        f"start {start} {'>=' if of_age <= start else '<'} {of_age};"
        f" start {oldest.written(born, start)}",
        person.facts_for("born_on"),
    )


def igu_residence_too_long(situation: Situation) -> Finding:
    """The trainee has not been resident for too long at the start."""
    start = situation.spell.start
    person = situation.person
    since = person.resident_since
    if since is None:
        return RESIDENCE_NOT_KNOWN
    limit = situation.rules.igu.residence_limit.on(start)
    return PASSED if limit.holds(since, start) else FAILED, lambda: (
        f"start {limit.written(since, start)}",
        person.facts_for("resident_since"),
    )
