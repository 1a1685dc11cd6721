"""What the pages call things, Danish and English; the words of the law come from the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.bonus.domain import words
from services.bonus.domain.assessment import ClaimReason, ContradictionCode, Missing, Reason, Status
from services.bonus.domain.flags import Flag
from services.bonus.domain.payouts import ClaimState
from services.bonus.domain.phrases import day_in_danish
from services.bonus.domain.speech import speech_of
from services.bonus.domain.timeline import Happening, Lane
from shared.values.money import Language, format_kroner

Pair = tuple[str, str]
"""Danish, English."""

LANES: Final[Mapping[Lane, Pair]] = {
    Lane.EMPLOYMENT: ("Ansættelse", "Employment"),
    Lane.HOURS: ("Timer bekræftet", "Hours confirmed"),
    Lane.LEAVE: ("Orlov", "Leave"),
    Lane.EXTENSION: ("Forlængelse", "Extension"),
}
HAPPENINGS: Final[Mapping[Happening, Pair]] = {
    Happening.MILESTONE: ("Skæringsdag", "Milestone"),
    Happening.APPLIED: ("Ansøgt", "Applied"),
    Happening.CERTIFICATE: ("Bevis", "Certificate"),
    Happening.ORDERED: ("Til udbetaling", "Ordered"),
    Happening.PAID: ("Udbetalt", "Paid"),
    Happening.RETURNED: ("Kommet tilbage", "Came back"),
    Happening.CLAIMED: ("Krævet tilbage", "Claimed back"),
}
SCHEMES: Final[Mapping[str, Pair]] = {
    "ordinary": ("Ordinær ansættelse", "Ordinary employment"),
    "igu": ("IGU", "IGU"),
}
STATUSES: Final[Mapping[Status, str]] = {
    Status.DUE: "due",
    Status.AWAITING: "waits for papers",
    Status.PENDING: "milestone not reached yet",
    Status.REVIEW: "a caseworker decides",
    Status.REFUSED: "refused",
}
TESTS: Final[Mapping[Reason | Missing, str]] = {
    Reason.ANNULLED: "the placement was annulled",
    Reason.EMPLOYER_PUBLIC: "the employer is public",
    Reason.PERSON_NOT_COVERED: "the act does not cover the person",
    Reason.HIRED_BEFORE_PERMIT: "hired before the residence permit",
    Reason.OUTSIDE_WINDOW: "outside the scheme's period",
    Reason.PERMIT_OLDER_THAN_2Y: "the residence permit was too old at the hire",
    Reason.IGU_AGE: "age at the start",
    Reason.IGU_RESIDENCE_TOO_LONG: "too long in the country at the start",
    Reason.ENDED_BEFORE_MILESTONE: "the employment ended before the milestone",
    Reason.ALREADY_PAID: "this instalment is given once, and was given",
    Reason.IGU_NOT_COMPLETED: "the course was not completed",
    Reason.IGU_PRACTICE_BELOW_25: "fewer than 25 hours of practice a week",
    Reason.HOURS_NOT_OVER_19: "not over 19 hours a week",
    Reason.TIME_BARRED: "applied for too late",
    Reason.REVIEW_REFUSED: "refused after review",
    Reason.PERSON_SCOPE: "the person's grounds and dates",
    Reason.SECTOR_UNKNOWN: "whether the employer is private",
    Reason.IGU_PRIOR_EMPLOYMENT: "earlier ordinary employment at the company",
    Reason.OVER_40000_SAME_EMPLOYER_PERSON: "more than 40,000 for one person",
    Missing.APPLICATION: "application",
    Missing.CONFIRMATION: "confirmation of hours",
    Missing.CERTIFICATE: "certificate",
    Missing.SCHOOLING: "proof of schooling",
}
CLAIM_REASONS: Final[Mapping[ClaimReason, str]] = {
    ClaimReason.ANNULLED: "annulled",
    ClaimReason.CORRECTED_START_DATE: "the start was corrected",
    ClaimReason.CORRECTED_END_DATE: "the end was corrected",
    ClaimReason.CORRECTED_PERMIT: "the person's dates were corrected",
    ClaimReason.CORRECTED_SECTOR: "the sector was corrected",
    ClaimReason.CORRECTED_HOURS: "the hours were corrected",
    ClaimReason.REVIEW_REFUSED: "refused after review",
    ClaimReason.OVERPAID: "too much was paid",
    ClaimReason.OTHER: "another reason",
}
CLAIM_STATES: Final[Mapping[ClaimState, Pair]] = {
    ClaimState.PROPOSED: ("til afgørelse", "to be decided"),
    ClaimState.UPHELD: ("fastholdt", "upheld"),
    ClaimState.WITHDRAWN: ("trukket tilbage", "withdrawn"),
    ClaimState.DROPPED: ("frafaldet", "dropped"),
    ClaimState.RECOVERED: ("betalt tilbage", "paid back"),
}
FLAGS: Final[Mapping[str, str]] = {
    Flag.OVERLAPPING_EMPLOYERS: "two employers at the same time",
    Flag.OVERLAPPING_SCHEMES: "two schemes at the same time",
    Flag.CONTRACT_BEFORE_WINDOW_END: "contract in time, start too late",
    Flag.SECOND_IGU_AGREEMENT: "one more IGU course",
    Flag.IGU_GAP_OVER_3_MONTHS: "a long gap in an IGU course",
    Flag.LATE_IGU_REGISTRATION: "IGU registered too late",
}
CONTRADICTIONS: Final[Mapping[ContradictionCode, Pair]] = {
    ContradictionCode.END_BEFORE_START: ("slut før start", "an end before the start"),
    ContradictionCode.HOURS_OUTSIDE_PLACEMENT: (
        "timer uden for ansættelsen",
        "hours outside the employment",
    ),
    ContradictionCode.LEAVE_OUTSIDE_PLACEMENT: (
        "orlov uden for ansættelsen",
        "leave outside the employment",
    ),
    ContradictionCode.PLACEMENT_TOLD_DIFFERENTLY: (
        "forløbets start er oplyst på flere måder",
        "the placement's start was told in different ways",
    ),
    ContradictionCode.PERSON_TOLD_DIFFERENTLY: (
        "personen er oplyst på flere måder",
        "the person was told in different ways",
    ),
}
LEAVES: Final[Mapping[str, Pair]] = {
    "illness": ("sygdom", "illness"),
    "pregnancy": ("graviditet", "pregnancy"),
    "maternity": ("barsel", "maternity"),
    "paternity": ("fædreorlov", "paternity"),
    "parental": ("forældreorlov", "parental"),
    "adoption": ("adoption", "adoption"),
    "unpaid": ("uden løn", "unpaid"),
}
"""Senders may tell of others."""
SOURCES: Final[Mapping[str, str]] = {
    "company": "the company",
    "municipality": "the municipality",
    "caseworker": "the caseworker",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How one language names what is on the pages; codes stay for those who look them up."""

    language: Language

    def of(self, pair: Pair) -> str:
        """The one of both that this language says."""
        return pair[0] if self.language == "da" else pair[1]

    def lane(self, lane: Lane) -> str:
        """What lasts."""
        return self.of(LANES[lane])

    def happening(self, happening: Happening) -> str:
        """What happens on a day."""
        return self.of(HAPPENINGS[happening])

    def scheme(self, scheme: str) -> str:
        """A bonus scheme."""
        return self.of(SCHEMES[scheme])

    def milestone(self, milestone: str) -> str:
        """`M6` is six months."""
        return self.of((f"{milestone[1:]} måneder", f"{milestone[1:]} months"))

    def status(self, status: Status) -> str:
        """Where an instalment stands."""
        return self.of((words.STATUSES[status], STATUSES[status]))

    def test(self, code: Reason | Missing) -> str:
        """A reason, or a paper."""
        return self.of((words.TESTS[code], TESTS[code]))

    def source(self, source: str) -> str:
        """Who can supply something."""
        return self.of((words.SOURCES[source], SOURCES[source]))

    def comparison(self, arithmetic: str) -> str:
        """What a test compared."""
        return speech_of(self.language).comparison(arithmetic)

    def claim_reason(self, reason: str) -> str:
        """Why money is claimed back."""
        code = ClaimReason(reason)
        return self.of((words.CLAIM_REASONS[code], CLAIM_REASONS[code]))

    def claim_state(self, state: ClaimState) -> str:
        """Where a claim stands."""
        return self.of(CLAIM_STATES[state])

    def flag(self, flag: str) -> str:
        """Something worth a look."""
        return self.of((words.FLAGS[flag], FLAGS[flag]))

    def contradiction(self, code: ContradictionCode) -> str:
        """What is told against what."""
        return self.of(CONTRADICTIONS[code])

    def late(self, fact: str, recorded_on: object, known_on: object) -> str:
        """A fact, when it was told, and since when it has counted."""
        told = speech_of(self.language).fact(fact, self.day(recorded_on))
        return f"{told}, {self.of(('medregnet fra', 'counted from'))} {self.day(known_on)}"

    def leave(self, kind: str) -> str:
        """A kind of leave; one that has no words of its own is shown as it was told."""
        return self.of(LEAVES.get(kind, (kind, kind)))

    def hours(self, hours: Decimal) -> str:
        """A number of hours."""
        number = f"{hours:f}"
        return f"{number.replace('.', ',')} timer" if self.language == "da" else f"{number} hours"

    def day(self, day: object) -> str:
        """A calendar day."""
        return day_in_danish(str(day)) if self.language == "da" else str(day)

    def kroner(self, amount_ore: int) -> str:
        """An amount."""
        return format_kroner(amount_ore, self.language)
