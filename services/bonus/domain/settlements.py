"""What finance's answers to an order come to: the same for every order in which they arrive.

An answer tells of money that has moved, or will not: it is booked as told, also when it should not
have been sent, and what is odd about it is remarked. Only amounts that no bonus has are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from services.bonus.domain.payouts import Claim, Payout
from services.bonus.domain.postings import Account, Entry, EntryKind, entry
from shared.values.money import ORE_PER_KRONE, ore

PLAUSIBLE_ORE_MAX: Final = ore(1_000_000)
"""No bonus is above 40,000 kroner: an answer about more than this is about something else."""


class AnswerKind(StrEnum):
    """What finance says of an order."""

    SETTLED = "settled"
    REJECTED = "rejected"
    RETURNED = "returned"


class Remark(StrEnum):
    """How an answer fits its order."""

    IN_FULL = "in_full"
    IN_PART = "in_part"
    MORE_THAN_ORDERED = "more_than_ordered"
    PAID_AFTER_REJECTION = "paid_after_rejection"
    REJECTED = "rejected"
    REJECTED_AGAIN = "rejected_again"
    REJECTED_AFTER_PAYMENT = "rejected_after_payment"
    RETURNED = "returned"
    RECOVERED = "recovered"
    RETURNED_MORE_THAN_PAID = "returned_more_than_paid"
    NO_AMOUNT = "no_amount"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `amount_ore` is 0 for a rejection."""

    kind: AnswerKind
    amount_ore: int
    happened_on: date


@dataclass(frozen=True, slots=True)
class Booked:
    """An order and its instalment's live claim after an answer, and what goes into the ledger."""

    payout: Payout
    claim: Claim | None
    remark: Remark
    entries: tuple[Entry, ...]

    def kroner_beyond(self, before: Payout) -> int:
        """Whole kroner by which what was paid has changed; the øre of parts add up in between.

        A fraction of a krone is never claimed back.
        """
        return _kept(self.payout) // ORE_PER_KRONE - _kept(before) // ORE_PER_KRONE


def book(payout: Payout, claim: Claim | None, answer: Answer) -> Booked:
    """Apply one answer to its order; `claim` is the live claim of the order's instalment."""
    match answer.kind:
        case AnswerKind.SETTLED:
            return _settled(payout, claim, answer)
        case AnswerKind.REJECTED:
            return _rejected(payout, claim, answer)
        case AnswerKind.RETURNED:
            return _returned(payout, claim, answer)


def _settled(payout: Payout, claim: Claim | None, answer: Answer) -> Booked:
    paid = answer.amount_ore
    if not paid:
        return Booked(payout, claim, Remark.NO_AMOUNT, ())
    awaited = min(paid, payout.open_ore)
    after = replace(payout, settled_ore=payout.settled_ore + paid)
    if payout.rejected:
        remark = Remark.PAID_AFTER_REJECTION
    elif paid > awaited:
        remark = Remark.MORE_THAN_ORDERED
    else:
        remark = Remark.IN_FULL if after.is_answered else Remark.IN_PART
    booked = _entry(
        payout,
        EntryKind.PAYOUT_SETTLED,
        answer,
        (Account.PAYOUTS_ORDERED, awaited),
        (Account.BONUS_PAYABLE, paid - awaited),
        (Account.PAYOUTS_PAID, -paid),
    )
    return Booked(after, claim, remark, (booked,))


def _rejected(payout: Payout, claim: Claim | None, answer: Answer) -> Booked:
    after, given_up = replace(payout, rejected=True), payout.open_ore
    if not given_up:
        remark = Remark.REJECTED_AGAIN if payout.rejected else Remark.REJECTED_AFTER_PAYMENT
        return Booked(after, claim, remark, ())
    booked = _entry(
        payout,
        EntryKind.PAYOUT_REJECTED,
        answer,
        (Account.PAYOUTS_ORDERED, given_up),
        (Account.BONUS_PAYABLE, -given_up),
    )
    return Booked(after, claim, Remark.REJECTED, (booked,))


def _returned(payout: Payout, claim: Claim | None, answer: Answer) -> Booked:
    """Money that comes back pays the claim first; what is left bounced, and is owed again."""
    back = answer.amount_ore
    if not back:
        return Booked(payout, claim, Remark.NO_AMOUNT, ())
    recovered = min(back, claim.outstanding_ore) if claim else 0
    bounced = back - recovered
    after = replace(
        payout,
        recovered_ore=payout.recovered_ore + recovered,
        returned_ore=payout.returned_ore + bounced,
        released=payout.released and not bounced,
    )
    entries = []
    if claim and recovered:
        entries.append(
            entry(
                payout.instalment_id,
                EntryKind.CLAIM_RECOVERED,
                answer.happened_on,
                (Account.REPAYMENTS_RECOVERED, recovered),
                (Account.REPAYMENTS_CLAIMED, -recovered),
                about=claim.claim_id,
            )
        )
        claim = replace(claim, recovered_ore=claim.recovered_ore + recovered)
    if bounced:
        moved = (Account.PAYOUTS_PAID, bounced), (Account.BONUS_PAYABLE, -bounced)
        entries.append(_entry(payout, EntryKind.PAYOUT_RETURNED, answer, *moved))
    remark = Remark.RETURNED if bounced else Remark.RECOVERED
    if _kept(after) < 0:
        remark = Remark.RETURNED_MORE_THAN_PAID
    return Booked(after, claim, remark, tuple(entries))


def _kept(payout: Payout) -> int:
    return payout.paid_ore - payout.recovered_ore


def _entry(
    payout: Payout, kind: EntryKind, answer: Answer, *postings: tuple[Account, int]
) -> Entry:
    return entry(payout.instalment_id, kind, answer.happened_on, *postings, about=payout.payout_id)
