"""The tests that look at the start: annulment, employer, person, permit, window, age, residence."""

from __future__ import annotations

from services.bonus.domain.assessment import Check, Reason, Verdict
from services.bonus.domain.days import months_after
from services.bonus.domain.sectors import Standing
from services.bonus.domain.situations import Situation


def verdict(*, holds: bool) -> Verdict:
    """The verdict of a test whose input is known."""
    return Verdict.PASSED if holds else Verdict.FAILED


def annulled(situation: Situation) -> Check:
    """The placement was not annulled."""
    fact = situation.spell.placements[0].annulled_by
    if fact is None:
        return situation.check(Reason.ANNULLED, Verdict.PASSED, "no annulment stands")
    arithmetic = f"annulled by what was told on {fact.recorded_on}"
    return situation.check(Reason.ANNULLED, Verdict.FAILED, arithmetic, facts=[fact])


def employer_public(situation: Situation) -> Check:
    """The payee is no public employer on the milestone's date."""
    sector = situation.sector
    share = situation.picture.rules.shared.public_share_from
    result = verdict(holds=sector.standing is not Standing.PUBLIC)
    if sector.standing is Standing.UNKNOWN:
        result = Verdict.UNKNOWN
    arithmetic = (
        f"employer {situation.payee.employer} is {sector.standing.value} on {situation.due_on}"
        f" (public from {share.on(situation.due_on)} percent public funding)"
    )
    facts = [] if sector.report is None else [sector.report]
    return situation.check(Reason.EMPLOYER_PUBLIC, result, arithmetic, facts=facts)


def person_not_covered(situation: Situation) -> Check:
    """The person's category is one the act covers, or one a caseworker decides about."""
    rules = situation.picture.rules
    person = situation.picture.person
    start = situation.spell.start
    covered = rules.ordinary.covered if situation.is_ordinary else rules.igu.covered
    accepted = covered.on(start)
    if situation.is_ordinary:
        # Left to a caseworker instead (PERSON_SCOPE).
        accepted |= rules.ordinary.for_review.on(start)
    result = Verdict.UNKNOWN
    if person.category is not None:
        result = verdict(holds=person.category in accepted)
    arithmetic = f"category {person.category or 'not known'}; covered: {_listed(accepted)}"
    facts = person.facts_for("category")
    return situation.check(Reason.PERSON_NOT_COVERED, result, arithmetic, by=covered, facts=facts)


def hired_before_permit(situation: Situation) -> Check:
    """The start is not before the permit was granted."""
    start = situation.spell.start
    permit = situation.picture.person.permit_granted_on
    result = Verdict.UNKNOWN if permit is None else verdict(holds=permit <= start)
    arithmetic = "permit not known"
    if permit is not None:
        arithmetic = f"start {start} {'>=' if permit <= start else '<'} permit {permit}"
    facts = situation.picture.person.facts_for("permit_granted_on")
    return situation.check(Reason.HIRED_BEFORE_PERMIT, result, arithmetic, facts=facts)


def outside_window(situation: Situation) -> Check:
    """The start lies in the window of the scheme."""
    rules = situation.picture.rules
    start = situation.spell.start
    first, last = (
        (rules.ordinary.first_hire, rules.ordinary.last_hire)
        if situation.is_ordinary
        else (rules.igu.first_start, rules.igu.last_start)
    )
    holds = first.on(start) <= start <= last.on(start)
    return situation.check(
        Reason.OUTSIDE_WINDOW,
        verdict(holds=holds),
        f"start {start} {'within' if holds else 'outside'} {first.on(start)} to {last.on(start)}",
        by=last,
        facts=situation.spell.placements[0].started_by,
    )


def permit_older_than_2y(situation: Situation) -> Check:
    """The hire comes within the permit's first two years."""
    start = situation.spell.start
    person = situation.picture.person
    permit = person.permit_granted_on
    limit = situation.picture.rules.ordinary.permit_age
    result, arithmetic = Verdict.UNKNOWN, "permit not known"
    if permit is not None:
        result = verdict(holds=limit.on(start).holds(permit, start))
        arithmetic = f"hire {limit.on(start).written(permit, start)}"
    facts = person.facts_for("permit_granted_on")
    return situation.check(Reason.PERMIT_OLDER_THAN_2Y, result, arithmetic, by=limit, facts=facts)


def igu_age(situation: Situation) -> Check:
    """The trainee is of age and not too old at the start."""
    start = situation.spell.start
    person = situation.picture.person
    born = person.born_on
    rules = situation.picture.rules.igu
    oldest = rules.age_limit.on(start)
    result, arithmetic = Verdict.UNKNOWN, "birth date not known"
    if born is not None:
        of_age = months_after(born, rules.age_from_months.on(start))
        result = verdict(holds=of_age <= start and oldest.holds(born, start))
        sign = ">=" if of_age <= start else "<"
        arithmetic = f"start {start} {sign} {of_age}; start {oldest.written(born, start)}"
    facts = person.facts_for("born_on")
    return situation.check(Reason.IGU_AGE, result, arithmetic, by=rules.age_limit, facts=facts)


def igu_residence_too_long(situation: Situation) -> Check:
    """The trainee has not been resident for too long at the start."""
    start = situation.spell.start
    person = situation.picture.person
    since = person.resident_since
    limit = situation.picture.rules.igu.residence_limit
    result, arithmetic = Verdict.UNKNOWN, "residence not known"
    if since is not None:
        result = verdict(holds=limit.on(start).holds(since, start))
        arithmetic = f"start {limit.on(start).written(since, start)}"
    facts = person.facts_for("resident_since")
    return situation.check(Reason.IGU_RESIDENCE_TOO_LONG, result, arithmetic, by=limit, facts=facts)


def _listed(categories: frozenset[str]) -> str:
    return ", ".join(sorted(categories))
