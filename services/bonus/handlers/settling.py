"""What bonus does when finance answers, and when a person decides what an answer left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from services.bonus.domain.payouts import Claim, Payout
from services.bonus.domain.postings import Entry
from services.bonus.domain.settlements import PLAUSIBLE_ORE_MAX, Answer, AnswerKind, book
from services.bonus.handlers.assessing import assess_persons
from services.bonus.handlers.paying import Held, load_money
from services.bonus.store import claims, facts, ledger, payouts
from services.bonus.store.facts import StoredFact
from services.bonus.store.payouts import PayoutOwner, StoredAnswer
from shared.contracts.finance import PayoutRejected, PayoutReturned, PayoutSettled
from shared.messaging.work import Received, UndecidableError, Work

Settlement = PayoutSettled | PayoutRejected | PayoutReturned


async def on_settlements(work: Work, received: Sequence[Received[Settlement]]) -> None:
    """Book what finance answered, and order or claim what follows from it.

    Raises UndecidableError for an answer to a payout nobody ordered, for an amount no bonus has,
    and for an event id that isn't a UUID: a person must look at those.
    """
    for each in received:
        _refuse_impossible(each)
    owners = await payouts.list_owners(work.connection, (each.event.payout for each in received))
    for each in received:
        if each.event.payout not in owners:
            raise UndecidableError("payout_unknown", "no payout was ordered under this id")
    concerned = {owners[each.event.payout].person for each in received}
    locked = await facts.lock_persons(work.connection, concerned)
    touched = {owners[each.event.payout].instalment_id for each in received}
    booking = _Booking(await load_money(work.connection, touched))
    for each in received:
        booking.book(each, owners[each.event.payout])
    work.steps.begin("write")
    await payouts.save_sums(work.connection, booking.changed_payouts())
    await claims.save_claims(work.connection, booking.changed_claims(), changed_at=work.now)
    await payouts.insert_answers(work.connection, booking.answers, heard_at=work.now)
    await facts.insert_facts(work.connection, booking.facts)
    await ledger.insert_entries(work.connection, booking.entries, entered_at=work.now)
    causes = {owners[each.event.payout].person: each.cause for each in received}
    await assess_persons(work, locked, causes, touched=touched)


def _refuse_impossible(received: Received[Settlement]) -> None:
    if not _is_uuid(received.event_id):
        raise UndecidableError("event_id_unusable", "the id of finance's event is no UUID")
    if not _is_uuid(received.event.payout):
        raise UndecidableError("payout_unknown", "no payout was ordered under this id")
    if _amount_ore(received.event) > PLAUSIBLE_ORE_MAX:
        raise UndecidableError(
            "amount_implausible",
            f"above {PLAUSIBLE_ORE_MAX} øre: about something else than a bonus",
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _amount_ore(event: Settlement) -> int:
    return 0 if isinstance(event, PayoutRejected) else event.amount_ore


@dataclass
class _Booking:
    """Answers being booked one after another, each on what the one before it left."""

    held: Mapping[str, Held]
    answers: list[StoredAnswer] = field(default_factory=list)
    facts: list[StoredFact] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    _payouts: dict[str, Payout] = field(default_factory=dict)
    _claims: dict[str, Claim] = field(default_factory=dict)
    """By instalment: what became of its live claim."""

    def book(self, received: Received[Settlement], owner: PayoutOwner) -> None:
        """Book one answer."""
        before = self._payout(owner)
        answer = _answer(received.event)
        booked = book(before, self._claim(owner.instalment_id), answer)
        self._payouts[owner.payout_id] = booked.payout
        if booked.claim is not None:
            self._claims[owner.instalment_id] = booked.claim
        self.entries += booked.entries
        self.answers.append(
            StoredAnswer(
                event_id=received.event_id,
                payout_id=owner.payout_id,
                answer=answer,
                reason=getattr(received.event, "reason", None),
                remark=booked.remark,
                told_at=received.occurred_at,
            )
        )
        if kroner := booked.kroner_beyond(before):
            self.facts.append(_movement(received, owner, answer, kroner))

    def changed_payouts(self) -> list[Payout]:
        """Every payout that was answered."""
        return list(self._payouts.values())

    def changed_claims(self) -> list[claims.StoredClaim]:
        """Every claim on which something came in."""
        return [
            replace(stored, claim=after)
            for instalment, after in self._claims.items()
            if (stored := self.held[instalment].live_claim) and stored.claim != after
        ]

    def _payout(self, owner: PayoutOwner) -> Payout:
        if owner.payout_id not in self._payouts:
            stored = self.held[owner.instalment_id].payouts
            self._payouts[owner.payout_id] = next(
                payout for payout, _ in stored if payout.payout_id == owner.payout_id
            )
        return self._payouts[owner.payout_id]

    def _claim(self, instalment: str) -> Claim | None:
        stored = self.held[instalment].live_claim
        return self._claims.get(instalment, stored.claim if stored else None)


def _answer(event: Settlement) -> Answer:
    match event:
        case PayoutSettled():
            return Answer(AnswerKind.SETTLED, event.amount_ore, event.settled_on)
        case PayoutReturned():
            return Answer(AnswerKind.RETURNED, event.amount_ore, event.settled_on)
        case PayoutRejected():
            return Answer(AnswerKind.REJECTED, 0, event.rejected_on)


def _movement(
    received: Received[Settlement], owner: PayoutOwner, answer: Answer, kroner: int
) -> StoredFact:
    """The answer as the rules are told of it: money of a placement's milestone that moved."""
    content: dict[str, Any] = {
        "placement": owner.placement,
        "milestone": owner.milestone,
        "amount_dkk": kroner,
        "settled_on": answer.happened_on.isoformat(),
        "settlement": received.event_id,
    }
    return StoredFact(
        received.event_id, "PayoutSettled", content, received.occurred_at, person=owner.person
    )
