"""What comes out: one line per scheme, milestone and employer, each with the tests behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from services.bonus.domain.facts import Fact


class Status(StrEnum):
    """Where an instalment stands; the best first, as lines are chosen."""

    DUE = "DUE"
    AWAITING = "AWAITING"
    PENDING = "PENDING"
    REVIEW = "REVIEW"
    REFUSED = "REFUSED"


class Reason(StrEnum):
    """Why an instalment is refused or under review, in the order of the tests."""

    ANNULLED = "ANNULLED"
    EMPLOYER_PUBLIC = "EMPLOYER_PUBLIC"
    PERSON_NOT_COVERED = "PERSON_NOT_COVERED"
    HIRED_BEFORE_PERMIT = "HIRED_BEFORE_PERMIT"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    PERMIT_OLDER_THAN_2Y = "PERMIT_OLDER_THAN_2Y"
    IGU_AGE = "IGU_AGE"
    IGU_RESIDENCE_TOO_LONG = "IGU_RESIDENCE_TOO_LONG"
    ENDED_BEFORE_MILESTONE = "ENDED_BEFORE_MILESTONE"
    ALREADY_PAID = "ALREADY_PAID"
    IGU_NOT_COMPLETED = "IGU_NOT_COMPLETED"
    IGU_PRACTICE_BELOW_25 = "IGU_PRACTICE_BELOW_25"
    HOURS_NOT_OVER_19 = "HOURS_NOT_OVER_19"
    TIME_BARRED = "TIME_BARRED"
    REVIEW_REFUSED = "REVIEW_REFUSED"
    PERSON_SCOPE = "PERSON_SCOPE"
    SECTOR_UNKNOWN = "SECTOR_UNKNOWN"
    IGU_PRIOR_EMPLOYMENT = "IGU_PRIOR_EMPLOYMENT"
    OVER_40000_SAME_EMPLOYER_PERSON = "OVER_40000_SAME_EMPLOYER_PERSON"


class Missing(StrEnum):
    """What a reached milestone may wait for, in the order it is listed."""

    APPLICATION = "application"
    CONFIRMATION = "confirmation"
    CERTIFICATE = "certificate"
    SCHOOLING = "schooling"


class ClaimTest(StrEnum):
    """What is asked about a repayment claim, in the order it is told."""

    MOVEMENTS_COUNTED_ONCE = "MOVEMENTS_COUNTED_ONCE"
    PAID_TOO_MUCH = "PAID_TOO_MUCH"
    CLAIM_RAISED_ON = "CLAIM_RAISED_ON"
    CLAIM_REASON = "CLAIM_REASON"
    CLAIM_TIME_BARRED = "CLAIM_TIME_BARRED"


Code = Reason | Missing | ClaimTest
"""What a test is known by, in explanations and in the table of law references."""


class Verdict(StrEnum):
    """How one test came out."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The input isn't known: nothing speaks against it."""
    NOT_YET = "not_yet"
    """Tested only when the milestone is reached."""
    RAISED = "raised"
    """A caseworker must decide."""
    ACCEPTED = "accepted"
    """Raised, and a caseworker accepted it."""
    MISSING = "missing"
    """Something must still come in."""
    FOUND = "found"
    """Nothing to pass or fail: what the rule asks for was worked out."""


@dataclass(frozen=True, slots=True)
class Check:
    """One test of one instalment: the rule, the law, what was compared, and how it came out."""

    code: Code
    rule: str
    law: str
    verdict: Verdict
    arithmetic: str
    """The comparison written out, in English; no name and no civil registration number."""
    facts: tuple[Fact, ...] = ()
    """The facts whose values were compared."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one instalment is worth if every test passes."""

    amount_dkk: int
    rule: str
    law: str
    arithmetic: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an instalment stands as it does: what it is worth, and every test it went through."""

    price: Price | None
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Instalment:
    """The line of one scheme, milestone and employer."""

    scheme: str
    milestone: str
    employer: str
    due_on: date
    amount_dkk: int
    """Payable when DUE, the forecast when PENDING, what would be due when AWAITING, else 0."""
    status: Status
    reason: Reason | None
    missing: tuple[Missing, ...]
    rule: str
    """The rule that decided: of the reason's test, else of the amount."""
    law: str
    """The law behind that rule."""
    start: date
    placements: tuple[str, ...]
    """Every id of every placement of the spell, sorted."""
    own_placements: tuple[str, ...]
    """Those of placements at the employer."""
    explain: Callable[[], Explanation] = field(repr=False, compare=False)
    """Writes the explanation: it takes longer than the decision, and is rarely read."""

    @property
    def price(self) -> Price | None:
        """What the instalment is worth; None where that depends on something not known."""
        return self.explain().price

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every test in the order it counts, then reviews, then what may be missing."""
        return self.explain().checks


class ClaimReason(StrEnum):
    """Why money is claimed back; of several, the first in this order."""

    ANNULLED = "ANNULLED"
    CORRECTED_START_DATE = "CORRECTED_START_DATE"
    CORRECTED_END_DATE = "CORRECTED_END_DATE"
    CORRECTED_PERMIT = "CORRECTED_PERMIT"
    CORRECTED_SECTOR = "CORRECTED_SECTOR"
    CORRECTED_HOURS = "CORRECTED_HOURS"
    REVIEW_REFUSED = "REVIEW_REFUSED"
    OVERPAID = "OVERPAID"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class RepaymentClaim:
    """Money paid beyond what the line now gives, proposed to be claimed back."""

    scheme: str
    milestone: str
    employer: str
    amount_dkk: int
    paid_dkk: int
    raised_on: date
    reason: ClaimReason
    facts: tuple[Fact, ...]
    """The facts recorded on `raised_on` that give the reason."""
    explain: Callable[[], tuple[Check, ...]] = field(repr=False, compare=False)
    """Writes down what was asked about the claim: counting, sum, day, reason, time-bar."""


class ContradictionCode(StrEnum):
    """What is told against what."""

    END_BEFORE_START = "END_BEFORE_START"
    HOURS_OUTSIDE_PLACEMENT = "HOURS_OUTSIDE_PLACEMENT"
    LEAVE_OUTSIDE_PLACEMENT = "LEAVE_OUTSIDE_PLACEMENT"
    PLACEMENT_TOLD_DIFFERENTLY = "PLACEMENT_TOLD_DIFFERENTLY"
    PERSON_TOLD_DIFFERENTLY = "PERSON_TOLD_DIFFERENTLY"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Facts that can't all be right."""

    code: ContradictionCode
    says: str
    """In English, with the dates of placements, and never those of a person."""
    facts: tuple[Fact, ...]
    """Those that disagree."""
    employer: str | None = None
    """Whose placement it is about; None when it is about the person."""
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that a set of facts about one person gives, seen on `as_of` as known on `known_on`."""

    as_of: date
    known_on: date
    instalments: tuple[Instalment, ...]
    """Sorted by employer, due date, scheme and milestone."""
    repayment_claims: tuple[RepaymentClaim, ...]
    flags: tuple[str, ...]
    """Sorted; none of them blocks a payment."""
    dates_ahead: tuple[date, ...]
    """Milestone dates after `as_of`, of every spell, sorted."""
    find_contradictions: Callable[[], tuple[Contradiction, ...]] = field(
        default=tuple, repr=False, compare=False
    )
    """Lists what facts say against each other; read only where somebody looks at the case."""

    def of_case(self, employer: str, scheme: str) -> Assessment:
        """What of it is about one case: of this employer in this scheme, or of the person."""
        at = (employer, scheme)
        return replace(
            self,
            instalments=tuple(
                each for each in self.instalments if (each.employer, each.scheme) == at
            ),
            repayment_claims=tuple(
                each for each in self.repayment_claims if (each.employer, each.scheme) == at
            ),
            find_contradictions=lambda: tuple(
                each
                for each in self.find_contradictions()
                if each.employer is None or (each.employer, each.kind) == at
            ),
        )
