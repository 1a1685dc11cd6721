"""Codes in the words of the law: what people read instead of `DUE`, `M6` or `resigned`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.bonus.domain.assessment import (
    ClaimReason,
    ClaimTest,
    Code,
    Missing,
    Reason,
    Status,
    Verdict,
)
from services.bonus.domain.flags import Flag

SCHEMES: Final[Mapping[str, str]] = {"ordinary": "ordinær ansættelse", "igu": "IGU"}
STATUSES: Final[Mapping[Status, str]] = {
    Status.DUE: "til udbetaling",
    Status.AWAITING: "afventer",
    Status.PENDING: "endnu ikke nået",
    Status.REVIEW: "til vurdering hos en sagsbehandler",
    Status.REFUSED: "afslag",
}
VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.PASSED: "i orden",
    Verdict.FAILED: "afslagsgrund",
    Verdict.UNKNOWN: "kendes ikke",
    Verdict.NOT_YET: "endnu ikke",
    Verdict.RAISED: "til vurdering",
    Verdict.ACCEPTED: "godkendt",
    Verdict.MISSING: "mangler",
    Verdict.FOUND: "opgjort",
}
TESTS: Final[Mapping[Code, str]] = {
    Reason.ANNULLED: "annullering",
    Reason.EMPLOYER_PUBLIC: "privat eller offentlig arbejdsgiver",
    Reason.PERSON_NOT_COVERED: "personkreds",
    Reason.HIRED_BEFORE_PERMIT: "ansættelse før opholdstilladelsen",
    Reason.OUTSIDE_WINDOW: "ordningens periode",
    Reason.PERMIT_OLDER_THAN_2Y: "opholdstilladelsens alder",
    Reason.IGU_AGE: "alder ved start",
    Reason.IGU_RESIDENCE_TOO_LONG: "bopælstid ved start",
    Reason.ENDED_BEFORE_MILESTONE: "ansat til skæringsdagen",
    Reason.ALREADY_PAID: "raten kun én gang",
    Reason.IGU_NOT_COMPLETED: "gennemført forløb",
    Reason.IGU_PRACTICE_BELOW_25: "praktiktimer om ugen",
    Reason.HOURS_NOT_OVER_19: "timer om ugen",
    Reason.TIME_BARRED: "forældelse",
    Reason.REVIEW_REFUSED: "afslag efter vurdering",
    Reason.PERSON_SCOPE: "personens grundlag og datoer",
    Reason.SECTOR_UNKNOWN: "arbejdsgiverens sektor",
    Reason.IGU_PRIOR_EMPLOYMENT: "tidligere ordinær ansættelse i virksomheden",
    Reason.OVER_40000_SAME_EMPLOYER_PERSON: "loft pr. person og virksomhed",
    Missing.APPLICATION: "ansøgning",
    Missing.CONFIRMATION: "bekræftelse af timer",
    Missing.CERTIFICATE: "bevis",
    Missing.SCHOOLING: "dokumentation for skoleundervisning",
    ClaimTest.MOVEMENTS_COUNTED_ONCE: "udbetalinger talt én gang",
    ClaimTest.PAID_TOO_MUCH: "for meget udbetalt",
    ClaimTest.CLAIM_RAISED_ON: "kravet rejst",
    ClaimTest.CLAIM_REASON: "kravets årsag",
    ClaimTest.CLAIM_TIME_BARRED: "kravets forældelse",
}
CLAIM_REASONS: Final[Mapping[ClaimReason, str]] = {
    ClaimReason.ANNULLED: "annulleret",
    ClaimReason.CORRECTED_START_DATE: "startdato rettet",
    ClaimReason.CORRECTED_END_DATE: "ophør rettet",
    ClaimReason.CORRECTED_PERMIT: "personoplysninger rettet",
    ClaimReason.CORRECTED_SECTOR: "sektor rettet",
    ClaimReason.CORRECTED_HOURS: "timer rettet",
    ClaimReason.REVIEW_REFUSED: "afslag efter vurdering",
    ClaimReason.OVERPAID: "for meget udbetalt",
    ClaimReason.OTHER: "andet",
}
FLAGS: Final[Mapping[str, str]] = {
    Flag.OVERLAPPING_EMPLOYERS: "to arbejdsgivere på samme tid",
    Flag.OVERLAPPING_SCHEMES: "to ordninger på samme tid",
    Flag.CONTRACT_BEFORE_WINDOW_END: "kontrakt i tide, start for sent",
    Flag.SECOND_IGU_AGREEMENT: "endnu et IGU-forløb",
    Flag.IGU_GAP_OVER_3_MONTHS: "langt hul i et IGU-forløb",
    Flag.LATE_IGU_REGISTRATION: "IGU registreret for sent",
}
FACTS: Final[Mapping[str, str]] = {
    "PersonRegistered": "person registreret",
    "PersonCorrected": "personoplysninger rettet",
    "EmployerSectorReported": "sektor oplyst",
    "PlacementStarted": "start oplyst",
    "PlacementCorrected": "start rettet",
    "PlacementEnded": "ophør oplyst",
    "PlacementEndRetracted": "ophør tilbagekaldt",
    "PlacementAnnulled": "forløb annulleret",
    "PlacementReinstated": "annullering omgjort",
    "LeaveRecorded": "orlov oplyst",
    "PlacementExtended": "forlængelse oplyst",
    "EmploymentConfirmed": "timer bekræftet",
    "CourseCompleted": "gennemførelse oplyst",
    "BonusApplied": "ansøgning modtaget",
    "ReviewDecided": "vurdering afgjort",
    "PayoutSettled": "udbetaling gennemført",
}
CATEGORIES: Final[Mapping[str, str]] = {
    "refugee": "flygtning",
    "family_refugee": "familiesammenført til flygtning",
    "family_other": "anden familiesammenført",
}
FIELDS: Final[Mapping[str, str]] = {
    "category": "persongrundlaget",
    "permit_granted_on": "datoen for opholdstilladelsen",
    "born_on": "fødselsdatoen",
    "resident_since": "bopælsdatoen",
}
SECTORS: Final[Mapping[str, str]] = {
    "public": "offentlig",
    "private": "privat",
    "of unknown sector": "af ukendt sektor",
    "institution": "institution uden oplyst tilskudsandel",
}
END_REASONS: Final[Mapping[str, str]] = {
    "completed": "gennemført",
    "fixed_term_ended": "tidsbegrænset ansættelse udløbet",
    "unknown": "ukendt",
    "dismissed": "afskediget",
    "resigned": "egen opsigelse",
    "mutual": "efter aftale",
    "company_closed": "virksomheden lukket",
    "business_transfer": "virksomhedsoverdragelse",
    "to_ordinary_same_employer": "ordinær ansættelse samme sted",
    "to_ordinary_other_employer": "ordinær ansættelse et andet sted",
    "to_education": "uddannelse",
    "moved_abroad": "flyttet til udlandet",
    "permit_lapsed": "opholdstilladelse bortfaldet",
    "death": "dødsfald",
    "other": "andet",
}
SOURCES: Final[Mapping[str, str]] = {
    "company": "virksomheden",
    "municipality": "kommunen",
    "caseworker": "sagsbehandleren",
}
"""Who can supply what is missing."""
