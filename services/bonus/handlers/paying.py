"""Money follows what was decided: what is due is ordered, what was paid too much is claimed back.

Everything stands in the transaction that decided it, and the caller holds the persons' locks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.bonus.domain.assessment import Assessment, ClaimReason, ClaimTest
from services.bonus.domain.differences import line_key
from services.bonus.domain.payouts import (
    ChangeClaim,
    ClaimState,
    CloseClaim,
    Money,
    OrderPayout,
    Payout,
    RaiseClaim,
    Step,
    claim_id,
    payout_id,
    placement_paid_for,
    steps,
)
from services.bonus.domain.postings import Account, Entry, EntryKind, entry
from services.bonus.domain.repayments import claim_after, claim_entries, time_barred_after
from services.bonus.rules import load_rules
from services.bonus.store import claims, ledger, payouts
from services.bonus.store.cases import StoredInstalment
from services.bonus.store.claims import StoredClaim
from services.bonus.store.payouts import NewPayout
from shared.contracts.base import Event
from shared.contracts.bonus import (
    PayoutOrdered,
    RepaymentClaimChanged,
    RepaymentClaimRaised,
    RepaymentClaimWithdrawn,
)
from shared.database import Connection
from shared.messaging.work import Cause, Work


@dataclass(frozen=True, slots=True)
class Held:
    """What is stored of an instalment's money."""

    payouts: tuple[tuple[Payout, date], ...] = ()
    """Each with the day it was ordered."""
    claims: tuple[StoredClaim, ...] = ()

    @property
    def money(self) -> Money:
        """As the rules look at it."""
        return Money(
            tuple(payout for payout, _ in self.payouts), tuple(each.claim for each in self.claims)
        )

    @property
    def live_claim(self) -> StoredClaim | None:
        """The claim that stands."""
        return next((each for each in self.claims if each.claim.is_live), None)


async def load_money(connection: Connection, instalments: Iterable[str]) -> dict[str, Held]:
    """What was ordered, answered and claimed of each of the instalments."""
    wanted = sorted(set(instalments))
    if not wanted:
        return {}
    ordered = await payouts.list_payouts(connection, wanted)
    claimed = await claims.list_claims(connection, wanted)
    return {
        each: Held(tuple(ordered.get(each, ())), tuple(claimed.get(each, ()))) for each in wanted
    }


async def pay_and_claim(
    work: Work,
    touched: Sequence[StoredInstalment],
    assessments: Mapping[str, Assessment],
    causes: Mapping[str, Cause],
) -> None:
    """Order and claim what the touched instalments, as they are now, ask for."""
    held = await load_money(work.connection, (each.instalment_id for each in touched))
    taken = [
        (each, step)
        for each in touched
        for step in steps(held[each.instalment_id].money, each.line)
    ]
    if not taken:
        return
    claiming = [each.instalment_id for each, step in taken if not isinstance(step, OrderPayout)]
    last_paid = await payouts.list_last_paid(work.connection, claiming) if claiming else {}
    taking = _Taking(work, assessments, last_paid)
    for each, step in taken:
        cause = causes.get(each.case.person)
        taking.take(each, step, held[each.instalment_id], cause)
    await payouts.insert_payouts(
        work.connection, taking.ordered, ordered_on=work.today, ordered_at=work.now
    )
    await claims.save_claims(work.connection, taking.claimed, changed_at=work.now)
    await ledger.insert_entries(work.connection, taking.entries, entered_at=work.now)


@dataclass
class _Taking:
    """The steps of one work being taken: what they leave to be written, and what they tell."""

    work: Work
    assessments: Mapping[str, Assessment]
    last_paid: Mapping[str, date]
    ordered: list[NewPayout] = field(default_factory=list)
    claimed: list[StoredClaim] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def take(
        self, instalment: StoredInstalment, step: Step, held: Held, cause: Cause | None
    ) -> None:
        """Take one step of one instalment."""
        event = (
            self._order(instalment, step)
            if isinstance(step, OrderPayout)
            else self._claim(instalment, step, held)
        )
        if event is not None:
            self.work.publish(event, cause=cause)

    def _order(self, instalment: StoredInstalment, step: OrderPayout) -> Event:
        case, today = instalment.case, self.work.today
        assessed = next(
            each
            for each in self.assessments[case.person].instalments
            if line_key(each) == instalment.key
        )
        payout = Payout(
            payout_id=payout_id(case.person, instalment.key, step.number),
            instalment_id=instalment.instalment_id,
            number=step.number,
            amount_ore=step.amount_ore,
        )
        self.ordered.append(NewPayout(payout, case.person, placement_paid_for(assessed)))
        self.entries.append(
            entry(
                instalment.instalment_id,
                EntryKind.PAYOUT_ORDERED,
                today,
                (Account.BONUS_PAYABLE, step.amount_ore),
                (Account.PAYOUTS_ORDERED, -step.amount_ore),
                about=payout.payout_id,
            )
        )
        return PayoutOrdered(
            **_about(instalment),
            payout=payout.payout_id,
            instalment=instalment.instalment_id,
            amount_ore=step.amount_ore,
            ordered_on=today,
            law=instalment.line.law,
        )

    def _claim(
        self,
        instalment: StoredInstalment,
        step: RaiseClaim | ChangeClaim | CloseClaim,
        held: Held,
    ) -> Event | None:
        today, identity = self.work.today, instalment.instalment_id
        number = step.number if isinstance(step, RaiseClaim) else step.claim.number
        new_id = claim_id(instalment.case.person, instalment.key, number)
        after = claim_after(step, instalment_id=identity, new_id=new_id)
        self.entries += claim_entries(step, after, on=today)
        about: dict[str, Any] = {**_about(instalment), "claim": after.claim_id}
        if isinstance(step, CloseClaim):
            live = held.live_claim
            assert live is not None, "only a live claim is closed"
            stored = StoredClaim(after, live.person, live.reason, live.raised_on, live.barred_after)
            self.claimed.append(stored)
            if after.state is not ClaimState.RECOVERED:
                return RepaymentClaimWithdrawn(**about, withdrawn_on=today)
            if after.amount_ore == step.claim.amount_ore:
                return None
            changed = after.amount_ore, ClaimReason(live.reason), today
            return self._changed(RepaymentClaimChanged, instalment, about, *changed)
        reason, raised_on = self._reason(instalment)
        barred_after = time_barred_after(self.last_paid[identity], load_rules())
        person = instalment.case.person
        self.claimed.append(StoredClaim(after, person, reason, raised_on, barred_after))
        told = RepaymentClaimRaised if isinstance(step, RaiseClaim) else RepaymentClaimChanged
        return self._changed(told, instalment, about, step.amount_ore, reason, raised_on)

    def _changed(
        self,
        told: type[RepaymentClaimRaised | RepaymentClaimChanged],
        instalment: StoredInstalment,
        about: dict[str, Any],
        amount_ore: int,
        reason: ClaimReason,
        raised_on: date,
    ) -> Event:
        law = load_rules().sources[instalment.case.scheme, ClaimTest.PAID_TOO_MUCH].law
        return told(
            **about, amount_ore=amount_ore, reason=reason.value, raised_on=raised_on, law=law
        )

    def _reason(self, instalment: StoredInstalment) -> tuple[ClaimReason, date]:
        """What made the amount change, and since when, where the rules see the claim too.

        They don't where a placement was reported anew at another employer: they then count the
        payout there, while the money went to the first.
        """
        for claim in self.assessments[instalment.case.person].repayment_claims:
            if (claim.employer, claim.scheme, claim.milestone) == instalment.key:
                return claim.reason, claim.raised_on
        return ClaimReason.OTHER, self.work.today


def _about(instalment: StoredInstalment) -> dict[str, Any]:
    return {
        "case": instalment.case.case_id,
        "scheme": instalment.case.scheme,
        "employer": instalment.case.employer,
        "milestone": instalment.milestone,
    }
