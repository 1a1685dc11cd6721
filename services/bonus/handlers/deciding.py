"""What a person decides about money: a repayment claim, and whether a stopped payout is sent again.

A refusal is told as a sentence for the person who asked; nothing is changed then.
"""

from __future__ import annotations

from dataclasses import replace

from services.bonus.domain.repayments import Decision, decided, objection
from services.bonus.handlers.assessing import assess_persons
from services.bonus.handlers.paying import load_money
from services.bonus.store import cases, claims, facts, ledger, payouts
from services.bonus.store.claims import StoredClaim
from shared.contracts.bonus import RepaymentClaimDecided
from shared.messaging.work import Work
from shared.values.persons import is_reference


class NothingToDecideError(LookupError):
    """No claim, or no payout, has this id."""


async def decide_claim(
    work: Work, claim_id: str, decision: Decision, *, reason: str, decided_by: str
) -> StoredClaim | str:
    """Uphold, lower or drop a claim: the claim as it stands then, or why that can't be.

    Raises NothingToDecideError.
    """
    found = await claims.find_claim(work.connection, claim_id) if is_reference(claim_id) else None
    if found is None:
        raise NothingToDecideError("No claim has this id.")
    locked = await facts.lock_persons(work.connection, [found.person])
    instalment_id = found.claim.instalment_id
    held = (await load_money(work.connection, [instalment_id]))[instalment_id]
    claim_id = found.claim.claim_id
    stored = next(each for each in held.claims if each.claim.claim_id == claim_id)
    why_not = objection(stored.claim, decision, today=work.today, barred_after=stored.barred_after)
    if why_not is not None:
        return why_not
    after, entries = decided(stored.claim, decision, on=work.today)
    changed = replace(stored, claim=after)
    await claims.save_claims(work.connection, [changed], changed_at=work.now)
    await claims.insert_decision(
        work.connection,
        claim_id,
        decision,
        reason=reason,
        decided_by=decided_by,
        decided_on=work.today,
        decided_at=work.now,
    )
    await ledger.insert_entries(work.connection, entries, entered_at=work.now)
    await _tell(work, changed, decision)
    await assess_persons(work, locked, {}, touched={instalment_id})
    return changed


async def _tell(work: Work, stored: StoredClaim, decision: Decision) -> None:
    instalment = await cases.get_instalment(
        work.connection, stored.person, stored.claim.instalment_id
    )
    case = instalment.case
    work.publish(
        RepaymentClaimDecided.model_validate(
            {
                "case": case.case_id,
                "scheme": case.scheme,
                "employer": case.employer,
                "milestone": instalment.milestone,
                "claim": stored.claim.claim_id,
                "outcome": decision.outcome,
                "amount_ore": decision.amount_ore,
                "decided_on": work.today,
            }
        )
    )


async def release_payout(
    work: Work, payout_id: str, *, reason: str, released_by: str
) -> str | None:
    """Let what was rejected, or bounced, be ordered again if it is still due; or say why not.

    Raises NothingToDecideError.
    """
    ids = [payout_id] if is_reference(payout_id) else []
    owner = (await payouts.list_owners(work.connection, ids)).get(payout_id)
    if owner is None:
        raise NothingToDecideError("No payout has this id.")
    locked = await facts.lock_persons(work.connection, [owner.person])
    held = (await load_money(work.connection, [owner.instalment_id]))[owner.instalment_id]
    payout = next(each for each in held.money.payouts if each.payout_id == payout_id)
    if not payout.is_stopped:
        return "The payout is not stopped: nothing of it was rejected or has come back."
    await payouts.save_sums(work.connection, [replace(payout, released=True)])
    await payouts.insert_release(
        work.connection, payout_id, reason=reason, released_by=released_by, released_at=work.now
    )
    await assess_persons(work, locked, {}, touched={owner.instalment_id})
    return None
