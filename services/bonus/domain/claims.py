"""Money paid beyond what a line now gives is claimed back: how much, since when, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

from services.bonus.domain.assessment import Check, ClaimReason, RepaymentClaim, Status
from services.bonus.domain.candidates import Candidate
from services.bonus.domain.claim_checks import ClaimWorking, claim_checks
from services.bonus.domain.facts import (
    CourseCompleted,
    EmployerSectorReported,
    EmploymentConfirmed,
    Fact,
    PayoutSettled,
    PersonCorrected,
    PersonRegistered,
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementEndRetracted,
    ReviewDecided,
)
from services.bonus.domain.lines import LineKey, key_of, lines_of
from services.bonus.domain.placements import NEVER_SHOWED_UP, Placement
from services.bonus.domain.rules import Rules
from services.bonus.domain.situations import Picture, picture_of, situations_of
from services.bonus.domain.spells import SCHEMES

REASONS: Final[Mapping[type[Fact], ClaimReason]] = {
    PlacementAnnulled: ClaimReason.ANNULLED,
    PlacementCorrected: ClaimReason.CORRECTED_START_DATE,
    PlacementEnded: ClaimReason.CORRECTED_END_DATE,
    PlacementEndRetracted: ClaimReason.CORRECTED_END_DATE,
    PersonRegistered: ClaimReason.CORRECTED_PERMIT,
    PersonCorrected: ClaimReason.CORRECTED_PERMIT,
    EmployerSectorReported: ClaimReason.CORRECTED_SECTOR,
    EmploymentConfirmed: ClaimReason.CORRECTED_HOURS,
    CourseCompleted: ClaimReason.CORRECTED_HOURS,
    ReviewDecided: ClaimReason.REVIEW_REFUSED,
    PayoutSettled: ClaimReason.OVERPAID,
}
ORDER_OF_REASONS: Final = tuple(ClaimReason)


def paid_by_line(picture: Picture) -> dict[LineKey, int]:
    """Add up the payouts by the scheme and employer of their placement, annulled or not."""
    return {
        key: sum(payout.amount_dkk for payout in payouts)
        for key, payouts in movements_by_line(picture).items()
    }


def movements_by_line(picture: Picture) -> dict[LineKey, list[PayoutSettled]]:
    """Sort the payouts by the line they paid, each movement once, as last recorded.

    A kind without bonus has no line.
    """
    by_id = {each: placement for placement in picture.placements for each in placement.ids}
    movements: dict[object, tuple[Placement, PayoutSettled]] = {}
    for payout in picture.history.of(PayoutSettled):
        placement = by_id.get(payout.placement)
        if placement is not None:
            movements[_movement_of(payout, placement)] = placement, payout
    by_line: dict[LineKey, list[PayoutSettled]] = {}
    for placement, payout in movements.values():
        if placement.kind in SCHEMES:
            key = placement.kind, payout.milestone, placement.employer
            by_line.setdefault(key, []).append(payout)
    return by_line


def _movement_of(payout: PayoutSettled, placement: Placement) -> object:
    if payout.settlement is not None:
        return payout.settlement
    return placement.ids, payout.milestone, payout.settled_on


def claimed_by_line(paid: Mapping[LineKey, int], lines: Sequence[Candidate]) -> dict[LineKey, int]:
    """Find what was paid above each line's amount; nothing while the line is under review."""
    by_key = {key_of(line): line for line in lines}
    claimed = {}
    for key, amount in paid.items():
        line = by_key.get(key)
        if line is not None and line.status is Status.REVIEW:
            continue
        excess = amount - (0 if line is None else line.amount_dkk)
        if excess > 0:
            claimed[key] = excess
    return claimed


@dataclass(frozen=True)
class LookBack:
    """Looks back at the same facts as they were known on earlier days, with the same `as_of`."""

    known: Sequence[Fact]
    """In the order they were recorded."""
    as_of: date
    rules: Rules
    _seen: dict[tuple[int, ...], dict[LineKey, int]] = field(default_factory=dict)
    """What was claimed when so much was known: of `known`, the places of the facts."""

    def claims(
        self, paid: Mapping[LineKey, int], claimed: Mapping[LineKey, int]
    ) -> tuple[RepaymentClaim, ...]:
        """Date and explain the claims of the present, sorted by line."""
        return tuple(self._claim(key, paid[key], amount) for key, amount in sorted(claimed.items()))

    def _claim(self, key: LineKey, paid: int, amount: int) -> RepaymentClaim:
        raised_on = self._raised_on(key, amount)
        reason, facts = self._reason(key, amount, raised_on)
        scheme, milestone, employer = key
        return RepaymentClaim(
            scheme=scheme,
            milestone=milestone,
            employer=employer,
            amount_dkk=amount,
            paid_dkk=paid,
            raised_on=raised_on,
            reason=reason,
            facts=facts,
            explain=partial(self._explain, key, amount, raised_on, reason, facts),
        )

    def _explain(
        self,
        key: LineKey,
        amount: int,
        raised_on: date,
        reason: ClaimReason,
        facts: tuple[Fact, ...],
    ) -> tuple[Check, ...]:
        before = max((f.recorded_on for f in self.known if f.recorded_on < raised_on), default=None)
        without = {
            type(fact).__name__: self._claimed(raised_on, fact).get(key, 0) for fact in facts
        }
        return claim_checks(
            ClaimWorking(
                rules=self.rules,
                scheme=key[0],
                as_of=self.as_of,
                movements=movements_by_line(picture_of(self.known, self.as_of, self.rules))[key],
                amount_dkk=amount,
                amount_before_dkk=0 if before is None else self._claimed(before).get(key, 0),
                raised_on=raised_on,
                reason=reason,
                facts=facts,
                without={kind: less for kind, less in without.items() if less < amount},
            )
        )

    def _raised_on(self, key: LineKey, amount: int) -> date:
        """The recording day from which the amount has stood without interruption."""
        days = sorted({fact.recorded_on for fact in self.known}, reverse=True)
        raised_on = days[0]
        for day in days[1:]:
            if self._claimed(day).get(key) != amount:
                break
            raised_on = day
        return raised_on

    def _claimed(self, day: date, without: Fact | None = None) -> dict[LineKey, int]:
        """What was claimed by the facts recorded up to a day, or by all of them but one.

        Without the only fact of a day, the same was known as on the day before.
        """
        places = tuple(
            [
                place
                for place, fact in enumerate(self.known)
                if fact.recorded_on <= day and fact is not without
            ]
        )
        if places not in self._seen:
            self._seen[places] = self._claimed_by([self.known[place] for place in places])
        return self._seen[places]

    def _claimed_by(self, known: Sequence[Fact]) -> dict[LineKey, int]:
        if not any(isinstance(fact, PayoutSettled) for fact in known):
            return {}
        picture = picture_of(known, self.as_of, self.rules)
        return claimed_by_line(paid_by_line(picture), lines_of(situations_of(picture)))

    def _reason(
        self, key: LineKey, amount: int, raised_on: date
    ) -> tuple[ClaimReason, tuple[Fact, ...]]:
        """Find the facts of the day without which the claim would be lower, else all of the day."""
        of_the_day = [fact for fact in self.known if fact.recorded_on == raised_on]
        to_blame = [
            fact for fact in of_the_day if self._claimed(raised_on, fact).get(key, 0) < amount
        ]
        facts = to_blame or of_the_day
        reason = min((reason_of(fact) for fact in facts), key=ORDER_OF_REASONS.index)
        return reason, tuple(fact for fact in facts if reason_of(fact) is reason)


def reason_of(fact: Fact) -> ClaimReason:
    """The reason a fact gives a claim."""
    if isinstance(fact, PlacementEnded) and fact.reason == NEVER_SHOWED_UP:
        return ClaimReason.ANNULLED
    return REASONS.get(type(fact), ClaimReason.OTHER)
