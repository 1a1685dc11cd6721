"""What is answered to a case: one form for the command, the interface and the bonus case."""

from __future__ import annotations

from services.bonus.domain.assessment import Assessment, Instalment, RepaymentClaim, Status
from services.bonus.domain.explanation import claim_explanation_object, explanation_object
from services.bonus.domain.rules import Rules
from services.bonus.rules import load_rules


def as_object(
    assessment: Assessment, *, explained: bool = False, rules: Rules | None = None
) -> dict[str, object]:
    """Turn an assessment into a JSON object; `explained` adds to each line and claim why.

    `rules` are those it was assessed by; absent, those that come with the package.
    """
    by = rules or load_rules()
    return {
        "instalments": [
            _instalment_object(instalment, by, explained=explained)
            for instalment in assessment.instalments
        ],
        "repayment_claims": [
            _claim_object(claim, explained=explained) for claim in assessment.repayment_claims
        ],
        "flags": list(assessment.flags),
    }


def _claim_object(claim: RepaymentClaim, *, explained: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "scheme": claim.scheme,
        "milestone": claim.milestone,
        "employer": claim.employer,
        "amount_dkk": claim.amount_dkk,
        "raised_on": claim.raised_on.isoformat(),
        "reason": claim.reason.value,
    }
    if explained:
        told["explanation"] = claim_explanation_object(claim)
    return told


def _instalment_object(
    instalment: Instalment, rules: Rules, *, explained: bool
) -> dict[str, object]:
    told: dict[str, object] = {
        "scheme": instalment.scheme,
        "milestone": instalment.milestone,
        "employer": instalment.employer,
        "due_on": instalment.due_on.isoformat(),
        "amount_dkk": instalment.amount_dkk,
        "status": instalment.status.value,
        "reason": None if instalment.reason is None else instalment.reason.value,
    }
    if instalment.status is Status.AWAITING:
        told["missing"] = [each.value for each in instalment.missing]
    if explained:
        told["explanation"] = explanation_object(instalment, rules)
    return told
