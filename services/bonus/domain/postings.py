"""The ledger's accounts, and the balanced entry that each thing that happens to money leaves there.

Debits are positive, credits negative; the postings of an entry add up to nothing. Read down one
instalment: what was decided is owed (payable), what is ordered is on its way, what was paid is
gone; what was paid too much is claimed, and ends recovered or waived.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Account(StrEnum):
    """Where an amount stands."""

    BONUS_EXPENSE = "bonus_expense"
    """Decided: what the state has granted (debit)."""
    BONUS_PAYABLE = "bonus_payable"
    """Decided and neither ordered nor paid (credit); paid too much and not yet claimed (debit)."""
    PAYOUTS_ORDERED = "payouts_ordered"
    """Finance was asked to pay and has not answered (credit)."""
    PAYOUTS_PAID = "payouts_paid"
    """Money that went out and did not bounce (credit)."""
    REPAYMENTS_CLAIMED = "repayments_claimed"
    """Claimed back and still out (debit)."""
    REPAYMENTS_RECOVERED = "repayments_recovered"
    """Claimed back and come in (debit)."""
    REPAYMENTS_WAIVED = "repayments_waived"
    """Paid too much and, by a caseworker's decision, not claimed back (debit)."""
    BONUS_ACCRUED = "bonus_accrued"
    """Memorandum: what has grown of instalments not yet decided (debit)."""
    ACCRUED_CONTRA = "accrued_contra"
    """Memorandum: the other side, so that it never mixes with expense or debt (credit)."""


class EntryKind(StrEnum):
    """What happened."""

    ENTITLEMENT_DECIDED = "entitlement_decided"
    ENTITLEMENT_LOWERED = "entitlement_lowered"
    PAYOUT_ORDERED = "payout_ordered"
    PAYOUT_SETTLED = "payout_settled"
    PAYOUT_REJECTED = "payout_rejected"
    PAYOUT_RETURNED = "payout_returned"
    CLAIM_RAISED = "claim_raised"
    CLAIM_CHANGED = "claim_changed"
    CLAIM_WITHDRAWN = "claim_withdrawn"
    CLAIM_RECOVERED = "claim_recovered"
    CLAIM_WAIVED = "claim_waived"
    BONUS_ACCRUED = "bonus_accrued"
    ACCRUAL_CHANGED = "accrual_changed"
    ACCRUAL_TAKEN_BACK = "accrual_taken_back"
    ACCRUAL_RELEASED = "accrual_released"


Posting = tuple[Account, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to one instalment, with its postings in øre."""

    instalment_id: str
    kind: EntryKind
    effective_on: date
    """The day it belongs to; when it was entered is the ledger's own."""
    postings: tuple[Posting, ...]
    about: str | None = None
    """Id of the payout or claim it is about; None for the entitlement itself."""
    sequence: int | None = None
    """Counts the accrual entries of one instalment, from 1; None for every other entry."""


def entry(
    instalment_id: str,
    kind: EntryKind,
    effective_on: date,
    *postings: Posting,
    about: str | None = None,
    sequence: int | None = None,
) -> Entry:
    """Make a balanced entry, leaving out accounts on which nothing moves."""
    moving = tuple((account, amount) for account, amount in postings if amount)
    assert moving, "an entry moves something"
    assert sum(amount for _, amount in moving) == 0, "an entry balances"
    return Entry(instalment_id, kind, effective_on, moving, about, sequence)


def entitlement_entry(instalment_id: str, change_ore: int, effective_on: date) -> Entry:
    """Post a right to be paid that grew (positive) or shrank: the expense against what is owed."""
    kind = EntryKind.ENTITLEMENT_DECIDED if change_ore > 0 else EntryKind.ENTITLEMENT_LOWERED
    return entry(
        instalment_id,
        kind,
        effective_on,
        (Account.BONUS_EXPENSE, change_ore),
        (Account.BONUS_PAYABLE, -change_ore),
    )
