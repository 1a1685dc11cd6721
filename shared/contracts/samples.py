"""One sample of every event, plausible and made up, in the envelope it would travel in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from shared.contracts import bonus, finance, membership, notifications, placements, reported
from shared.contracts.base import Event
from shared.contracts.envelope import Envelope, envelope_for
from shared.contracts.reports import ReportReceipt

Fields = Mapping[str, Any]

TOLD_AT: Final = datetime(2017, 3, 1, 9, 30, tzinfo=UTC)
"""When every sample became known."""
TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

# Company numbers from 99000000 up belong to nobody; the references and names are invented.
SAMPLE_MUNICIPALITY: Final = "0101"
COMPANY: Final = "99000007"
CASE: Final = "c4b5d9aa-2f0e-4a63-8d75-0c6f3e1b7a90"
LAW: Final = "Integrationsloven § 46"

_PERSON: Final = {"person": "6f1d2c3e-8a4b-4c5d-9e0f-1a2b3c4d5e6f"}
_PLACED: Final = {"placement": "0101/2017-00042", **_PERSON}
_TOLD: Final = {"report_id": "r-1", "placement": "2017-00042"}
_CASE: Final = {"case": CASE, "scheme": "ordinary", "employer": COMPANY}
_EARNED: Final = {**_CASE, "milestone": "M6"}
_INSTALMENT: Final = {**_EARNED, "instalment": f"{CASE}/M6"}
_CLAIM: Final = {**_EARNED, "claim": f"{CASE}/M6/claim"}

_STARTED: Final = {"employer": COMPANY, "kind": "ordinary", "started_on": "2017-02-01"}
_HOURS: Final = {"first_day": "2017-02-01", "last_day": "2017-07-31", "hours": "775.71"}
_LEAVE: Final = {"leave": "parental", "first_day": "2017-05-01", "last_day": "2017-06-30"}
_END: Final = {"last_day": "2017-12-31", "reason": "fixed_term_ended"}
_COURSE: Final = {
    "certificate_issued_on": "2019-02-01",
    "schooling_documented": True,
    "practice_hours": "2610.71",
    "documented_absence_hours": "104.30",
}

_MEMBERSHIP: Final[Mapping[type[Event], Fields]] = {
    membership.CompanyJoined: {"cvr": COMPANY, "joined_on": "2016-06-11"},
    membership.CompanyUpdated: {"cvr": COMPANY, "updated_on": "2017-01-15"},
    membership.CompanyLeft: {"cvr": COMPANY, "left_on": "2018-07-01"},
    membership.PlacesPledged: {
        "pledge": "pledge-1",
        "cvr": COMPANY,
        "places": 12,
        "kind": "igu",
        "first_day": "2016-07-01",
        "last_day": "2019-06-30",
        "municipality": SAMPLE_MUNICIPALITY,
    },
    membership.PledgeWithdrawn: {
        "pledge": "pledge-1",
        "cvr": COMPANY,
        "withdrawn_on": "2018-01-01",
    },
    membership.EmployerSectorReported: {
        "employer": COMPANY,
        "effective_from": "2015-01-01",
        "sector": "institution",
        "public_funding_percent": "49.99",
    },
    membership.MunicipalityJoined: {"municipality": SAMPLE_MUNICIPALITY, "joined_on": "2016-06-11"},
    membership.MeetingScheduled: {
        "meeting": "meeting-1",
        "held_on": "2016-09-14",
        "municipality": SAMPLE_MUNICIPALITY,
    },
    membership.MeetingSignedUp: {"meeting": "meeting-1", "cvr": COMPANY},
    membership.ContactRecorded: {
        "contact": "contact-1",
        "organisation": "company",
        "cvr": COMPANY,
        "name": "Solveig Prøvesen",
        "email": "solveig@eksempel.example",
        "language": "da",
        "roles": ["personnel"],
        "wishes": ["meetings"],
    },
}

_PLACEMENTS: Final[Mapping[type[Event], Fields]] = {
    placements.PersonRegistered: {
        **_PERSON,
        "category": "refugee",
        "permit_granted_on": "2015-09-15",
        "born_on": "1990-04-23",
        "resident_since": "2015-10-01",
    },
    placements.PersonCorrected: {**_PERSON, "permit_granted_on": "2015-10-15"},
    placements.PlacementStarted: {
        **_PLACED,
        **_STARTED,
        "contract_signed_on": "2017-01-20",
        "continues": "0101/2016-00007",
    },
    placements.PlacementCorrected: {**_PLACED, "started_on": "2017-02-06"},
    placements.EmploymentConfirmed: {**_PLACED, **_HOURS},
    placements.LeaveRecorded: {**_PLACED, **_LEAVE},
    placements.PlacementExtended: {**_PLACED, "days": 61},
    placements.PlacementEnded: {**_PLACED, **_END},
    placements.PlacementEndRetracted: {**_PLACED},
    placements.PlacementAnnulled: {**_PLACED, "reason": "never_started"},
    placements.PlacementReinstated: {**_PLACED},
    placements.CourseCompleted: {**_PLACED, **_COURSE},
    ReportReceipt: {
        "municipality": SAMPLE_MUNICIPALITY,
        "report_id": "r-1",
        "outcome": "refused",
        "problem": "last_day: must be a date written YYYY-MM-DD that exists",
    },
}

_REPORTED: Final[Mapping[type[reported.Report], Fields]] = {
    reported.ReportedPlacementStarted: {**_TOLD, **_PERSON, **_STARTED, "continues": "2016-00007"},
    reported.ReportedPlacementCorrected: {**_TOLD, "started_on": "2017-02-06"},
    reported.ReportedEmploymentConfirmed: {**_TOLD, **_HOURS},
    reported.ReportedLeaveRecorded: {**_TOLD, **_LEAVE},
    reported.ReportedPlacementExtended: {**_TOLD, "days": 61},
    reported.ReportedPlacementEnded: {**_TOLD, **_END},
    reported.ReportedPlacementEndRetracted: {**_TOLD},
    reported.ReportedPlacementAnnulled: {**_TOLD, "reason": "never_started"},
    reported.ReportedPlacementReinstated: {**_TOLD},
    reported.ReportedCourseCompleted: {**_TOLD, **_COURSE},
    reported.ReportedPersonCorrected: {
        "report_id": "r-1",
        **_PERSON,
        "permit_granted_on": "2015-10-15",
    },
}

_BONUS: Final[Mapping[type[Event], Fields]] = {
    bonus.BonusApplied: {
        **_EARNED,
        "placement": "0101/2017-00042",
        "filed_on": "2017-08-02",
    },
    bonus.BonusAssessed: {
        **_EARNED,
        "status": "REFUSED",
        "reason": "HOURS_NOT_OVER_19",
        "rule": "ordinary-hours",
        "law": LAW,
        "amount_ore": 0,
        "due_on": "2017-08-01",
    },
    bonus.BonusAccrued: {
        **_INSTALMENT,
        "sequence": 2,
        "accrued_on": "2017-02-28",
        "amount_ore": 333_333,
        "accrued_ore": 666_666,
        "law": LAW,
    },
    bonus.BonusInstalmentDue: {
        **_INSTALMENT,
        "amount_ore": 2_000_000,
        "due_on": "2017-08-01",
        "law": LAW,
    },
    bonus.BonusRefused: {
        **_EARNED,
        "reason": "HOURS_NOT_OVER_19",
        "rule": "ordinary-hours",
        "law": LAW,
    },
    bonus.BonusUnderReview: {
        **_EARNED,
        "reason": "SECTOR_UNKNOWN",
        "rule": "employer-sector",
        "law": LAW,
    },
    bonus.ReviewDecided: {
        **_EARNED,
        "review": "SECTOR_UNKNOWN",
        "outcome": "accepted",
        "decided_on": "2017-08-20",
    },
    bonus.PayoutOrdered: {
        **_INSTALMENT,
        "payout": "payout-1",
        "batch": "batch-1",
        "amount_ore": 2_000_000,
        "ordered_on": "2017-08-21",
        "law": LAW,
    },
    bonus.RepaymentClaimRaised: {
        **_CLAIM,
        "amount_ore": 2_000_000,
        "reason": "CORRECTED_START_DATE",
        "raised_on": "2017-10-02",
        "law": LAW,
    },
    bonus.RepaymentClaimChanged: {
        **_CLAIM,
        "amount_ore": 1_000_000,
        "reason": "CORRECTED_PERMIT",
        "raised_on": "2017-10-09",
        "law": LAW,
    },
    bonus.RepaymentClaimWithdrawn: {**_CLAIM, "withdrawn_on": "2017-10-16"},
    bonus.RepaymentClaimDecided: {
        **_CLAIM,
        "outcome": "lowered",
        "amount_ore": 500_000,
        "decided_on": "2017-11-01",
    },
    bonus.BonusCaseClosed: {**_CASE, "closed_on": "2019-02-01"},
    bonus.PayoutBatchClosed: {
        "batch": "batch-1",
        "payouts": 3,
        "amount_ore": 6_000_000,
        "closed_on": "2017-08-21",
    },
}

_ANSWERS: Final[Mapping[type[Event], Fields]] = {
    finance.PayoutSettled: {
        "payout": "payout-1",
        "amount_ore": 2_000_000,
        "settled_on": "2017-08-28",
    },
    finance.PayoutRejected: {
        "payout": "payout-1",
        "reason": "no_account",
        "rejected_on": "2017-08-28",
    },
    finance.PayoutReturned: {
        "payout": "payout-1",
        "amount_ore": 2_000_000,
        "settled_on": "2017-10-30",
    },
    notifications.NotificationSent: {
        "notification": "notice-1",
        "template": "instalment_due",
        "channel": "smtp",
        "sent_on": "2017-08-02",
        "cvr": COMPANY,
    },
    notifications.NotificationFailed: {
        "notification": "notice-1",
        "template": "instalment_due",
        "reason": "address_refused",
    },
}

SAMPLES: Final[Mapping[type[Event], Fields]] = MappingProxyType(
    {
        **_MEMBERSHIP,
        **_PLACEMENTS,
        **{event: {"fact": event.event_name, **told} for event, told in _REPORTED.items()},
        **_BONUS,
        **_ANSWERS,
    }
)
"""The fields of one sample of every event."""


def sample_of(event: type[Event], fields: Fields) -> tuple[Event, Envelope]:
    """The sample of an event in its envelope, the same on every run."""
    sample = event.model_validate_json(json.dumps(dict(fields)))
    envelope = envelope_for(
        sample,
        time=TOLD_AT,
        event_id=_id_of(event.event_type()),
        causation_id=_id_of("what led to it"),
        correlation_id=_id_of("what began it all"),
        traceparent=TRACE,
    )
    return sample, envelope


def _id_of(text: str) -> str:
    """A UUID version 7 of the samples' instant whose random part comes from a text."""
    moment = f"{int(TOLD_AT.timestamp() * 1000):012x}"
    noise = hashlib.sha256(text.encode()).hexdigest()
    return f"{moment[:8]}-{moment[8:]}-7{noise[:3]}-8{noise[3:6]}-{noise[6:18]}"
