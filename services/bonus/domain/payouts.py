"""What has happened to an instalment's money, and what is to be done about it: order, or claim.

An order waits for finance's answer: until then nothing more is ordered or claimed, whatever becomes
known, and the answer is followed by the difference alone. What finance could not pay, or what came
back from the bank, is not ordered again until a person says so. One instalment's claim is never set
off against another's payout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from services.bonus.domain.assessment import Instalment, Missing, Status
from services.bonus.domain.differences import Line, LineKey
from shared.values.money import ORE_PER_KRONE

NAMESPACE: Final = UUID("6a1f3c52-5b0e-4f0c-9d43-2f1c7b8e9a10")
"""Ours alone, for ids that must come out the same when the same thing is decided again."""


class ClaimState(StrEnum):
    """Where a repayment claim stands; the first two are live."""

    PROPOSED = "proposed"
    """For a caseworker to decide."""
    UPHELD = "upheld"
    """Decided: to be paid back."""
    WITHDRAWN = "withdrawn"
    """The facts changed: nothing more is claimed."""
    DROPPED = "dropped"
    """Decided: not to be paid back."""
    RECOVERED = "recovered"
    """All of it has come in."""


LIVE: Final = frozenset({ClaimState.PROPOSED, ClaimState.UPHELD})


@dataclass(frozen=True, slots=True)
class Payout:
    """One order to finance, and the sum of what was answered; amounts in øre, none negative."""

    payout_id: str
    instalment_id: str
    number: int
    """Counts the orders of one instalment, from 1."""
    amount_ore: int
    settled_ore: int = 0
    returned_ore: int = 0
    """Came back without being claimed: the bank could not deliver it."""
    recovered_ore: int = 0
    """Came back on a claim."""
    rejected: bool = False
    released: bool = False
    """A person has said that what was not paid, or came back, may be ordered again."""

    @property
    def is_answered(self) -> bool:
        """Whether no more of it is expected to be paid."""
        return self.rejected or self.settled_ore >= self.amount_ore

    @property
    def open_ore(self) -> int:
        """What finance still has to answer for."""
        return 0 if self.is_answered else self.amount_ore - self.settled_ore

    @property
    def is_stopped(self) -> bool:
        """Whether a person must look before the instalment is ordered again."""
        failed = self.rejected and self.settled_ore < self.amount_ore
        return (failed or self.returned_ore > 0) and not self.released

    @property
    def paid_ore(self) -> int:
        """What of it the company has, claims paid back included."""
        return self.settled_ore - self.returned_ore


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim for repayment of one instalment; amounts in øre."""

    claim_id: str
    instalment_id: str
    number: int
    amount_ore: int
    state: ClaimState = ClaimState.PROPOSED
    recovered_ore: int = 0
    waived_ore: int = 0
    """What a caseworker decided not to claim."""

    @property
    def is_live(self) -> bool:
        """Whether it is still claimed."""
        return self.state in LIVE

    @property
    def outstanding_ore(self) -> int:
        """What has still to come in."""
        return max(0, self.amount_ore - self.recovered_ore) if self.is_live else 0


@dataclass(frozen=True, slots=True)
class Money:
    """All that was ordered, answered and claimed of one instalment."""

    payouts: tuple[Payout, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether an order is unanswered."""
        return any(not each.is_answered for each in self.payouts)

    @property
    def is_stopped(self) -> bool:
        """Whether a person must look before anything is ordered."""
        return any(each.is_stopped for each in self.payouts)

    @property
    def live_claim(self) -> Claim | None:
        """The claim that stands; there is at most one."""
        return next((each for each in self.claims if each.is_live), None)

    @property
    def kept_ore(self) -> int:
        """What the company has now: paid, less what came back for any reason."""
        return sum(each.paid_ore for each in self.payouts) - sum(
            each.recovered_ore for each in self.claims
        )

    def excess_ore(self, line: Line) -> int:
        """Whole kroner paid beyond the line's amount and not waived; nothing while under review.

        What has come in on the live claim still counts: it was part of what is claimed. A fraction
        of a krone is never claimed, as the rules, which count in kroner, don't see it either.
        """
        if line.status is Status.REVIEW:
            return 0
        live = self.live_claim
        paid = self.kept_ore + (live.recovered_ore if live else 0)
        waived = sum(each.waived_ore for each in self.claims)
        excess = max(0, paid - line.amount_ore - waived)
        return excess - excess % ORE_PER_KRONE


@dataclass(frozen=True, slots=True)
class OrderPayout:
    """Ask finance to pay."""

    number: int
    amount_ore: int


@dataclass(frozen=True, slots=True)
class RaiseClaim:
    """Propose to claim back."""

    number: int
    amount_ore: int


@dataclass(frozen=True, slots=True)
class ChangeClaim:
    """Claim another amount; a decision taken on the old one must be taken again."""

    claim: Claim
    amount_ore: int


@dataclass(frozen=True, slots=True)
class CloseClaim:
    """Claim nothing more: it has all come in, or the facts no longer ask for it."""

    claim: Claim
    state: ClaimState


Step = OrderPayout | RaiseClaim | ChangeClaim | CloseClaim


def steps(money: Money, line: Line) -> tuple[Step, ...]:
    """What is to be done so that what is paid and claimed fits the line; () when it does."""
    if money.is_waiting:
        return ()
    return (*_claim_steps(money, line), *_order_steps(money, line))


def _claim_steps(money: Money, line: Line) -> Iterator[Step]:
    excess, live = money.excess_ore(line), money.live_claim
    if live is None:
        if excess:
            yield RaiseClaim(len(money.claims) + 1, excess)
    elif excess <= live.recovered_ore:
        has_come_in = 0 < live.recovered_ore == excess
        yield CloseClaim(live, ClaimState.RECOVERED if has_come_in else ClaimState.WITHDRAWN)
    elif excess != live.amount_ore:
        yield ChangeClaim(live, excess)


def _order_steps(money: Money, line: Line) -> Iterator[Step]:
    missing = line.entitled_ore - money.kept_ore
    if missing > 0 and not money.is_stopped:
        yield OrderPayout(len(money.payouts) + 1, missing)


def payout_id(person: str, key: LineKey, number: int) -> str:
    """The id of an order: the same whenever the same order is decided again, by whichever process.

    So a database put back to an earlier day can't have the same instalment paid under a new id.
    """
    return _lasting_id("payout", person, key, number)


def claim_id(person: str, key: LineKey, number: int) -> str:
    """The id of a claim, as lasting as that of an order."""
    return _lasting_id("claim", person, key, number)


def _lasting_id(kind: str, person: str, key: LineKey, number: int) -> str:
    return str(uuid5(NAMESPACE, "/".join((kind, person, *key, str(number)))))


def placement_paid_for(instalment: Instalment) -> str:
    """The placement a payout is for: that of the application which the instalment is due by."""
    applied = next(check for check in instalment.checks if check.code is Missing.APPLICATION)
    assert applied.facts, "what is due was applied for"
    placement = getattr(applied.facts[0], "placement", None)
    assert isinstance(placement, str), "an application names its placement"
    return placement
