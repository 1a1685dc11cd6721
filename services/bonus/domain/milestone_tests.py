"""The tests that look at the milestone: still employed, once, completed, hours, in time."""

from __future__ import annotations

from fractions import Fraction

from services.bonus.domain.days import days_after, days_between, months_after
from services.bonus.domain.findings import (
    FAILED,
    NOT_YET,
    PASSED,
    UNKNOWN,
    Comparison,
    Finding,
    always,
)
from services.bonus.domain.hours import DAYS_PER_WEEK, exact
from services.bonus.domain.situations import Situation

NO_BAR_TO_COMPLETION = ("completed", "fixed_term_ended", "unknown")
EARNED_FIRST = always(PASSED, "no other spell earns it first")
NO_CERTIFICATE = always(UNKNOWN, "no certificate with hours yet")


def ended_before_milestone(situation: Situation) -> Finding:
    """Some placement of the spell, the payee's or not, lasts until the months are full."""
    last = situation.spell.reaching_furthest
    days = situation.rules.shared.days_before_milestone.on(situation.spell.start)
    needed = days_after(situation.due_on, -days)

    def comparison() -> Comparison:
        shown = "still running" if last.end is None else f"last day {last.last_day}"
        return f"{shown}; needed: {situation.due_on} - {days} day = {needed}", last.ended_by

    return PASSED if last.last_day >= needed else FAILED, comparison


def already_paid(_situation: Situation) -> Finding:
    """No other spell earns the same; decided over all spells of the person afterwards."""
    return EARNED_FIRST


def igu_not_completed(situation: Situation) -> Finding:
    """A course without a certificate did not end for another reason than its completion."""
    if not situation.is_reached:
        return _not_yet(situation)
    completion = situation.completion
    if completion is not None:
        issued_on = completion.certificate_issued_on
        return PASSED, lambda: (f"certificate issued on {issued_on}", [completion])
    last = situation.spell.last_ending
    end = last.end
    return PASSED if end is None or end.reason in NO_BAR_TO_COMPLETION else FAILED, lambda: (
        "no certificate; " + ("still running" if end is None else f"ended: {end.reason}"),
        last.ended_by,
    )


def igu_practice_below_25(situation: Situation) -> Finding:
    """Practice and documented absence reach the weekly hours over the whole course."""
    if not situation.is_reached:
        return _not_yet(situation)
    completion = situation.completion
    if completion is None:
        return NO_CERTIFICATE
    rules = situation.rules.igu
    start = situation.spell.start
    needed = rules.weekly_practice_from.on(start)
    days = days_between(start, months_after(start, rules.course_months.on(start)))
    practice = Fraction(completion.practice_hours)
    absence = Fraction(completion.documented_absence_hours or 0)
    hours = practice + absence
    return PASSED if hours * DAYS_PER_WEEK / days >= needed else FAILED, lambda: (
        f"practice {exact(practice)} h + documented absence {exact(absence)} h: "
        + _weekly(hours, days, needed),
        [completion],
    )


def hours_not_over_19(situation: Situation) -> Finding:
    """The average of a fully confirmed period is above the weekly hours."""
    if not situation.is_reached:
        return _not_yet(situation)
    found = situation.confirmed
    if not found.is_complete:
        return UNKNOWN, lambda: (
            f"{found.days_confirmed} of {found.days} days confirmed",
            found.confirmations,
        )
    limit = situation.rules.ordinary.weekly_hours_over.on(situation.spell.start)
    return PASSED if found.weekly_exceeds(limit) else FAILED, lambda: (
        _weekly(found.hours, found.days, limit),
        found.confirmations,
    )


def time_barred(situation: Situation) -> Finding:
    """The application was filed before the claim was barred by time."""
    if not situation.is_reached:
        return _not_yet(situation)
    limit = situation.rules.shared.application_limit.on(situation.spell.start)
    due_on = situation.due_on
    application = situation.application
    if application is None:
        return UNKNOWN, lambda: (
            f"no application; to be filed by {limit.ends_on(due_on)}",
            (),
        )
    filed_on = application.filed_on
    return PASSED if limit.holds(due_on, filed_on) else FAILED, lambda: (
        f"filed {limit.written(due_on, filed_on)}",
        [application],
    )


def _not_yet(situation: Situation) -> Finding:
    return NOT_YET, lambda: (f"tested when {situation.due_on} is reached", ())


def _weekly(hours: Fraction, days: int, limit: Fraction) -> str:
    """Write out the average of some hours over some days, against the limit."""
    weekly = hours * DAYS_PER_WEEK / days
    return (
        f"{exact(hours)} h x {DAYS_PER_WEEK} / {days} days = {exact(weekly)}"
        f" {_relation(weekly, limit)} {exact(limit)}"
    )


def _relation(left: Fraction, right: Fraction) -> str:
    if left == right:
        return "="
    return "<" if left < right else ">"
