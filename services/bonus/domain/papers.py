"""The papers a reached milestone may still wait for."""

from __future__ import annotations

from services.bonus.domain.assessment import Verdict
from services.bonus.domain.findings import MISSING, PASSED, UNKNOWN, Finding, always
from services.bonus.domain.situations import Situation

NOT_FILED = always(MISSING, "not filed")
NOT_ISSUED = always(MISSING, "not issued")
NO_CERTIFICATE_YET = always(UNKNOWN, "no certificate yet")


def application(situation: Situation) -> Finding:
    """The company has applied for this milestone."""
    application = situation.application
    if application is None:
        return NOT_FILED
    return PASSED, lambda: (f"filed {application.filed_on}", [application])


def confirmation(situation: Situation) -> Finding:
    """Every day from the start to the milestone is confirmed."""
    found = situation.confirmed
    return _present(is_there=found.is_complete), lambda: (
        f"{found.days_confirmed} of {found.days} days confirmed",
        found.confirmations,
    )


def certificate(situation: Situation) -> Finding:
    """The course's certificate is known."""
    completion = situation.completion
    if completion is None:
        return NOT_ISSUED
    issued_on = completion.certificate_issued_on
    return PASSED, lambda: (f"issued on {issued_on}", [completion])


def schooling(situation: Situation) -> Finding:
    """The schooling is documented, where a certificate is known."""
    completion = situation.completion
    if completion is None:
        return NO_CERTIFICATE_YET
    documented = completion.schooling_documented
    return _present(is_there=documented), lambda: (
        "documented" if documented else "not documented",
        [completion],
    )


def _present(*, is_there: bool) -> Verdict:
    return PASSED if is_there else MISSING
