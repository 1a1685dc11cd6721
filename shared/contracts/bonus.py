"""What the bonus service tells: what each placement earns, what is due, and what is claimed back.

Reasons travel as rule id, code and law reference; no date of a person and no explanation does.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.base import Event
from shared.contracts.fields import (
    ClaimReason,
    Cvr,
    Day,
    Decision,
    Identifier,
    InstalmentStatus,
    Milestone,
    Ore,
    PlacementId,
    RefusalReason,
    ReviewReason,
    Scheme,
    ShortText,
    SignedOre,
    contradiction,
)


class BonusEvent(Event):
    """An event of the bonus service."""

    publisher: ClassVar[str] = "bonus"
    topic: ClassVar[str] = "bonus.events.v1"
    key_field: ClassVar[str] = "case"


class CaseEvent(BonusEvent):
    """An event about one bonus case: one person, employer and scheme."""

    case: Identifier = Field(description="Id of the bonus case.")
    scheme: Scheme = Field(description="Bonus scheme.")
    employer: Cvr = Field(description="CVR number of the employer who is paid.")


class InstalmentEvent(CaseEvent):
    """An event about one milestone of a bonus case."""

    milestone: Milestone = Field(description="Milestone the instalment rewards.")


class BonusApplied(InstalmentEvent):
    """A company has applied for the bonus of one milestone of one placement."""

    draft: ClassVar[bool] = False

    placement: PlacementId = Field(description="Id of the placement.")
    filed_on: Day = Field(description="Day on which the application was filed.")


class BonusAssessed(InstalmentEvent):
    """What an instalment comes to, as known now; told whenever any of it changes."""

    draft: ClassVar[bool] = False

    status: InstalmentStatus = Field(description="Where the instalment stands.")
    reason: RefusalReason | ReviewReason | None = Field(
        default=None, description="Why it is refused or under review."
    )
    rule: Identifier | None = Field(default=None, description="Id of the rule behind the reason.")
    law: ShortText = Field(description="Where the law says so.")
    amount_ore: Ore = Field(
        description="Amount in øre: due, awaiting or forecast; 0 when refused or under review."
    )
    due_on: Day = Field(description="Day of the milestone.")

    @model_validator(mode="after")
    def _reason_fits_status(self) -> Self:
        if self.status in ("REFUSED", "REVIEW") and self.reason is None:
            raise contradiction("an instalment refused or under review needs its reason")
        if self.status in ("REFUSED", "REVIEW") and self.amount_ore != 0:
            raise contradiction("an instalment refused or under review has no amount")
        return self


class BonusAccrued(InstalmentEvent):
    """What is expected of an instalment has grown by a month, or changed (memorandum posting)."""

    draft: ClassVar[bool] = False
    subject_field: ClassVar[str | None] = "instalment"

    instalment: Identifier = Field(description="Id of the instalment.")
    sequence: int = Field(
        ge=1, le=1_000_000, description="Counts the accruals of the instalment, without a gap."
    )
    accrued_on: Day = Field(
        description="Day it belongs to: the last of its month, or the day before the milestone; of"
        " a change the day it became known; of a release the milestone's day, or the later day"
        " for which it was accrued."
    )
    amount_ore: SignedOre = Field(description="Amount in øre; negative takes back earlier parts.")
    accrued_ore: Ore = Field(description="What is accrued of the instalment after it, in øre.")
    law: ShortText = Field(description="Where the law says so.")


class BonusInstalmentDue(InstalmentEvent):
    """An instalment is due to be paid."""

    draft: ClassVar[bool] = False
    subject_field: ClassVar[str | None] = "instalment"

    instalment: Identifier = Field(description="Id of the instalment.")
    amount_ore: Ore = Field(description="Amount in øre.")
    due_on: Day = Field(description="Day of the milestone.")
    law: ShortText = Field(description="Where the law says so.")


class BonusRefused(InstalmentEvent):
    """An instalment has been refused."""

    draft: ClassVar[bool] = False

    reason: RefusalReason = Field(description="First test that failed.")
    rule: Identifier = Field(description="Id of the rule that failed.")
    law: ShortText = Field(description="Where the law says so.")


class BonusUnderReview(InstalmentEvent):
    """An instalment waits for a caseworker's decision."""

    draft: ClassVar[bool] = False

    reason: ReviewReason = Field(description="What the caseworker must decide.")
    rule: Identifier = Field(description="Id of the rule that asks.")
    law: ShortText = Field(description="Where the law says so.")


class ReviewDecided(InstalmentEvent):
    """A caseworker has decided a review."""

    draft: ClassVar[bool] = False

    review: ReviewReason = Field(description="Reason of the review that was decided.")
    outcome: Decision = Field(description="Whether the bonus may be paid all the same.")
    decided_on: Day = Field(description="Day of the decision.")


class PayoutOrdered(InstalmentEvent):
    """Finance has been asked to pay."""

    draft: ClassVar[bool] = False
    subject_field: ClassVar[str | None] = "payout"

    payout: Identifier = Field(description="Id of the payout; finance answers under it.")
    instalment: Identifier = Field(description="Id of the instalment paid.")
    batch: Identifier | None = Field(
        default=None, description="Id of the batch the payout belongs to; absent = of none."
    )
    amount_ore: Ore = Field(description="Amount in øre.")
    ordered_on: Day = Field(description="Day of the order.")
    law: ShortText = Field(description="Where the law says so.")


class ClaimEvent(InstalmentEvent):
    """An event about a claim for repayment."""

    subject_field: ClassVar[str | None] = "claim"

    claim: Identifier = Field(description="Id of the repayment claim.")


class RepaymentClaimRaised(ClaimEvent):
    """More has been paid than is due: the difference is claimed back."""

    draft: ClassVar[bool] = False

    amount_ore: Ore = Field(description="Amount claimed, in øre.")
    reason: ClaimReason = Field(description="What made the amount change.")
    raised_on: Day = Field(description="Day from which the claim has had this amount.")
    law: ShortText = Field(description="Where the law says so.")


class RepaymentClaimChanged(ClaimEvent):
    """A claim has another amount than before."""

    draft: ClassVar[bool] = False

    amount_ore: Ore = Field(description="Amount claimed from now on, in øre.")
    reason: ClaimReason = Field(description="What made the amount change.")
    raised_on: Day = Field(description="Day from which the claim has had this amount.")
    law: ShortText = Field(description="Where the law says so.")


class RepaymentClaimWithdrawn(ClaimEvent):
    """Nothing is claimed any more."""

    draft: ClassVar[bool] = False

    withdrawn_on: Day = Field(description="Day on which the claim fell away.")


class RepaymentClaimDecided(ClaimEvent):
    """A caseworker has decided a claim."""

    draft: ClassVar[bool] = False

    outcome: Literal["upheld", "lowered", "dropped"] = Field(description="The decision.")
    amount_ore: Ore = Field(description="Amount that remains claimed, in øre.")
    decided_on: Day = Field(description="Day of the decision.")


class BonusCaseClosed(CaseEvent):
    """Nothing more is expected to happen in a bonus case."""

    closed_on: Day = Field(description="Day of the closing.")


class PayoutBatchClosed(BonusEvent):
    """A batch of payouts is complete; may overtake its orders."""

    key_field: ClassVar[str] = "batch"

    batch: Identifier = Field(description="Id of the batch.")
    payouts: int = Field(ge=0, le=10_000_000, description="Number of payouts in the batch.")
    amount_ore: Ore = Field(description="Sum of the payouts in øre.")
    closed_on: Day = Field(description="Day of the closing.")


EVENTS: Final[tuple[type[Event], ...]] = (
    BonusApplied,
    BonusAssessed,
    BonusAccrued,
    BonusInstalmentDue,
    BonusRefused,
    BonusUnderReview,
    ReviewDecided,
    PayoutOrdered,
    RepaymentClaimRaised,
    RepaymentClaimChanged,
    RepaymentClaimWithdrawn,
    RepaymentClaimDecided,
    BonusCaseClosed,
    PayoutBatchClosed,
)
"""Every event of this publisher, in the order of the contract page."""
