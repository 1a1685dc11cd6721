"""The papers a reached milestone may still wait for."""

from __future__ import annotations

from services.bonus.domain.assessment import Check, Missing, Verdict
from services.bonus.domain.situations import Situation


def application(situation: Situation) -> Check:
    """The company has applied for this milestone."""
    application = situation.application
    if application is None:
        return situation.check(Missing.APPLICATION, Verdict.MISSING, "not filed")
    arithmetic = f"filed {application.filed_on}"
    return situation.check(Missing.APPLICATION, Verdict.PASSED, arithmetic, facts=[application])


def confirmation(situation: Situation) -> Check:
    """Every day from the start to the milestone is confirmed."""
    found = situation.confirmed
    return situation.check(
        Missing.CONFIRMATION,
        Verdict.PASSED if found.is_complete else Verdict.MISSING,
        f"{found.days_confirmed} of {found.days} days confirmed",
        facts=found.confirmations,
    )


def certificate(situation: Situation) -> Check:
    """The course's certificate is known."""
    completion = situation.completion
    if completion is None:
        return situation.check(Missing.CERTIFICATE, Verdict.MISSING, "not issued")
    arithmetic = f"issued on {completion.certificate_issued_on}"
    return situation.check(Missing.CERTIFICATE, Verdict.PASSED, arithmetic, facts=[completion])


def schooling(situation: Situation) -> Check:
    """The schooling is documented, where a certificate is known."""
    completion = situation.completion
    if completion is None:
        return situation.check(Missing.SCHOOLING, Verdict.UNKNOWN, "no certificate yet")
    documented = completion.schooling_documented
    return situation.check(
        Missing.SCHOOLING,
        Verdict.PASSED if documented else Verdict.MISSING,
        "documented" if documented else "not documented",
        facts=[completion],
    )
