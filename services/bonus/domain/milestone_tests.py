"""The tests that look at the milestone: still employed, once, completed, hours, in time."""

from __future__ import annotations

from fractions import Fraction

from services.bonus.domain.assessment import Check, Reason, Verdict
from services.bonus.domain.days import day_before, days_between, months_after
from services.bonus.domain.hours import DAYS_PER_WEEK, exact
from services.bonus.domain.rules import Parameter
from services.bonus.domain.situations import Situation
from services.bonus.domain.start_tests import verdict

NO_BAR_TO_COMPLETION = ("completed", "fixed_term_ended", "unknown")


def ended_before_milestone(situation: Situation) -> Check:
    """Some placement of the spell, the payee's or not, lasts to the day before the milestone."""
    last = max(situation.spell.placements, key=lambda each: (each.last_day, each.end is None))
    needed = day_before(situation.due_on)
    shown = "still running" if last.end is None else f"last day {last.last_day}"
    return situation.check(
        Reason.ENDED_BEFORE_MILESTONE,
        verdict(holds=last.last_day >= needed),
        f"{shown}; needed: {situation.due_on} - 1 day = {needed}",
        facts=last.ended_by,
    )


def already_paid(situation: Situation) -> Check:
    """No other spell earns the same; decided over all spells of the person afterwards."""
    return situation.check(Reason.ALREADY_PAID, Verdict.PASSED, "no other spell earns it first")


def igu_not_completed(situation: Situation) -> Check:
    """A course without a certificate did not end for another reason than its completion."""
    if not situation.is_reached:
        return _not_yet(situation, Reason.IGU_NOT_COMPLETED)
    completion = situation.completion
    if completion is not None:
        arithmetic = f"certificate issued on {completion.certificate_issued_on}"
        return situation.check(
            Reason.IGU_NOT_COMPLETED, Verdict.PASSED, arithmetic, facts=[completion]
        )
    end = situation.spell.last_ending.end
    return situation.check(
        Reason.IGU_NOT_COMPLETED,
        verdict(holds=end is None or end.reason in NO_BAR_TO_COMPLETION),
        "no certificate; " + ("still running" if end is None else f"ended: {end.reason}"),
        facts=situation.spell.last_ending.ended_by,
    )


def igu_practice_below_25(situation: Situation) -> Check:
    """Practice and documented absence reach the weekly hours over the whole course."""
    rules = situation.picture.rules.igu
    start = situation.spell.start
    completion = situation.completion
    needed = rules.weekly_practice_from
    code = Reason.IGU_PRACTICE_BELOW_25
    if not situation.is_reached:
        return _not_yet(situation, code)
    if completion is None:
        return situation.check(code, Verdict.UNKNOWN, "no certificate with hours yet", by=needed)
    days = days_between(start, months_after(start, rules.course_months.on(start)))
    practice = Fraction(completion.practice_hours)
    absence = Fraction(completion.documented_absence_hours or 0)
    hours = practice + absence
    return situation.check(
        code,
        verdict(holds=hours * DAYS_PER_WEEK / days >= needed.on(start)),
        f"practice {exact(practice)} h + documented absence {exact(absence)} h: "
        + _weekly(hours, days, needed.on(start)),
        by=needed,
        facts=[completion],
    )


def hours_not_over_19(situation: Situation) -> Check:
    """The average of a fully confirmed period is above the weekly hours."""
    code = Reason.HOURS_NOT_OVER_19
    if not situation.is_reached:
        return _not_yet(situation, code)
    needed = situation.picture.rules.ordinary.weekly_hours_over
    found = situation.confirmed
    if not found.is_complete:
        arithmetic = f"{found.days_confirmed} of {found.days} days confirmed"
        return situation.check(
            code, Verdict.UNKNOWN, arithmetic, by=needed, facts=found.confirmations
        )
    limit = needed.on(situation.spell.start)
    arithmetic = _weekly(found.hours, found.days, limit)
    result = verdict(holds=found.weekly > limit)
    return situation.check(code, result, arithmetic, by=needed, facts=found.confirmations)


def time_barred(situation: Situation) -> Check:
    """The application was filed before the claim was barred by time."""
    code = Reason.TIME_BARRED
    if not situation.is_reached:
        return _not_yet(situation, code)
    parameter = situation.picture.rules.shared.application_limit
    limit = parameter.on(situation.spell.start)
    application = situation.application
    if application is None:
        last = f"to be filed by {limit.ends_on(situation.due_on)}"
        return situation.check(code, Verdict.UNKNOWN, f"no application; {last}", by=parameter)
    return situation.check(
        code,
        verdict(holds=limit.holds(situation.due_on, application.filed_on)),
        f"filed {limit.written(situation.due_on, application.filed_on)}",
        by=parameter,
        facts=[application],
    )


def _not_yet(situation: Situation, code: Reason) -> Check:
    arithmetic = f"tested when {situation.due_on} is reached"
    return situation.check(code, Verdict.NOT_YET, arithmetic, by=_parameter_of(situation, code))


def _parameter_of(situation: Situation, code: Reason) -> Parameter[object] | None:
    rules = situation.picture.rules
    return {
        Reason.IGU_PRACTICE_BELOW_25: rules.igu.weekly_practice_from,
        Reason.HOURS_NOT_OVER_19: rules.ordinary.weekly_hours_over,
        Reason.TIME_BARRED: rules.shared.application_limit,
    }.get(code)


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
