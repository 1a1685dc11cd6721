"""Random histories of one person: a few placements, told early, late, twice and wrongly.

A history is read from bytes, eight a fact: Hypothesis draws them all at once, which is what makes
ten thousand histories affordable, and still finds the smallest that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import ALFA, BETA, tell

FIRST_DAY: Final = date(2016, 1, 1)
IDS: Final = ("L1", "L2", "L3")
EMPLOYERS: Final = (ALFA, BETA)
KINDS: Final = ("ordinary", "ordinary", "igu", "internship")
MILESTONES: Final = ("M6", "M12", "M24")
SECTORS: Final = (*["private"] * 6, "public_authority", "institution")
CATEGORIES: Final = (*["refugee"] * 6, "family_other", "student")
REVIEWS: Final = (
    "PERSON_SCOPE",
    "SECTOR_UNKNOWN",
    "IGU_PRIOR_EMPLOYMENT",
    "OVER_40000_SAME_EMPLOYER_PERSON",
)
END_REASONS: Final = (
    "completed",
    "resigned",
    "company_closed",
    "business_transfer",
    "never_showed_up",
)
BYTES: Final = 8
"""Of one fact: its kind, the day and hour it was recorded, and five for its fields."""
RECORDING_DAYS: Final = 10
FACTS_MAX: Final = 22


def day(step: int, first: int = 0, last: int = 1500) -> str:
    """A day from 2016 on; a coarse grid, so that dates meet."""
    steps = first // 30 + step % ((last - first) // 30 + 1)
    return (FIRST_DAY + timedelta(days=30 * steps)).isoformat()


def _person(a: int, b: int, c: int, d: int, _e: int) -> dict[str, object]:
    return {
        "fact": "PersonRegistered",
        "person": "P1",
        "category": CATEGORIES[a % 8],
        "permit_granted_on": day(b, 0, 400),
        "born_on": (None, *["1990-01-01"] * 5)[c % 6],
        "resident_since": (None, *["2015-06-01"] * 5)[d % 6],
    }


def _person_corrected(a: int, _b: int, _c: int, _d: int, _e: int) -> dict[str, object]:
    return {"fact": "PersonCorrected", "person": "P1", "permit_granted_on": day(a, 0, 700)}


def _sector(a: int, b: int, c: int, _d: int, _e: int) -> dict[str, object]:
    return {
        "fact": "EmployerSectorReported",
        "employer": EMPLOYERS[a % 2],
        "effective_from": ("2015-01-01", "2017-06-01")[b % 2],
        "sector": SECTORS[c % 8],
    }


def _started(a: int, b: int, c: int, d: int, e: int) -> dict[str, object]:
    return {
        "fact": "PlacementStarted",
        "placement": IDS[a % 3],
        "person": "P1",
        "employer": EMPLOYERS[b % 2],
        "kind": KINDS[c % 4],
        "started_on": day(d, 180, 900),
        "continues": (None, None, *IDS)[e % 5],
    }


def _corrected(a: int, b: int, _c: int, _d: int, _e: int) -> dict[str, object]:
    return {"fact": "PlacementCorrected", "placement": IDS[a % 3], "started_on": day(b, 180, 900)}


def _ended(a: int, b: int, c: int, _d: int, _e: int) -> dict[str, object]:
    return {
        "fact": "PlacementEnded",
        "placement": IDS[a % 3],
        "last_day": day(b, 200),
        "reason": END_REASONS[c % 5],
    }


def _retracted(a: int, _b: int, _c: int, _d: int, _e: int) -> dict[str, object]:
    return {"fact": "PlacementEndRetracted", "placement": IDS[a % 3]}


def _annulled(a: int, b: int, _c: int, _d: int, _e: int) -> dict[str, object]:
    reason = ("mistake", "duplicate")[b % 2]
    return {"fact": "PlacementAnnulled", "placement": IDS[a % 3], "reason": reason}


def _reinstated(a: int, _b: int, _c: int, _d: int, _e: int) -> dict[str, object]:
    return {"fact": "PlacementReinstated", "placement": IDS[a % 3]}


def _extended(a: int, b: int, _c: int, _d: int, _e: int) -> dict[str, object]:
    return {"fact": "PlacementExtended", "placement": IDS[a % 3], "days": b % 200}


def _confirmed(a: int, b: int, c: int, d: int, _e: int) -> dict[str, object]:
    first, last = sorted((day(b, 0, 700), day(c, 400)))
    return {
        "fact": "EmploymentConfirmed",
        "placement": IDS[a % 3],
        "first_day": first,
        "last_day": last,
        "hours": str(d * 40),
    }


def _applied(a: int, b: int, c: int, _d: int, _e: int) -> dict[str, object]:
    return {
        "fact": "BonusApplied",
        "placement": IDS[a % 3],
        "milestone": MILESTONES[b % 3],
        "filed_on": day(c, 0, 2400),
    }


def _completed(a: int, b: int, c: int, d: int, _e: int) -> dict[str, object]:
    return {
        "fact": "CourseCompleted",
        "placement": IDS[a % 3],
        "certificate_issued_on": day(b, 700),
        "schooling_documented": c % 2 == 0,
        "practice_hours": str(d * 24),
    }


def _decided(a: int, b: int, c: int, d: int, e: int) -> dict[str, object]:
    return {
        "fact": "ReviewDecided",
        "person": "P1",
        "employer": EMPLOYERS[a % 2],
        "scheme": ("ordinary", "igu")[b % 2],
        "milestone": MILESTONES[c % 3],
        "review": REVIEWS[d % 4],
        "outcome": ("accepted", "refused")[e % 2],
        "decided_on": day(e),
    }


def _paid(a: int, b: int, c: int, d: int, e: int) -> dict[str, object]:
    return {
        "fact": "PayoutSettled",
        "placement": IDS[a % 3],
        "milestone": MILESTONES[b % 3],
        "amount_dkk": (20000, 15000, -5000)[c % 3],
        "settled_on": day(d, 400),
        "settlement": (None, "S1", "S2")[e % 3],
    }


ALWAYS: Final = (_person, _sector, _sector, _started, _confirmed, _applied)
"""The first facts; without them there is little to assess."""
AFTERWARDS: Final[tuple[Callable[..., dict[str, object]], ...]] = (
    *(_started, _started, _sector, _person_corrected, _corrected, _ended, _ended, _ended),
    *(_retracted, _annulled, _reinstated, _extended, _confirmed, _confirmed, _confirmed),
    *(_applied, _applied, _applied, _completed, _decided, _paid, _paid),
)


def history_of(drawn: bytes) -> list[Fact]:
    """Read a history; bytes that don't make up a whole fact are left over."""
    facts = []
    for number in range(len(drawn) // BYTES):
        kind, on, at, *fields = drawn[number * BYTES : (number + 1) * BYTES]
        told = (ALWAYS[number] if number < len(ALWAYS) else AFTERWARDS[kind % len(AFTERWARDS)])(
            *fields
        )
        # Few enough that facts are often recorded on the same day.
        recorded_on = day(8 * (on % RECORDING_DAYS), 0, 2400)
        hour = (None, "08:00:00Z", "09:00:00Z")[at % 3]
        facts.append(
            tell(
                str(told.pop("fact")),
                on=recorded_on,
                at=hour and f"{recorded_on}T{hour}",
                **told,
            )
        )
    return facts


histories: st.SearchStrategy[list[Fact]] = st.binary(
    min_size=BYTES * len(ALWAYS), max_size=BYTES * FACTS_MAX
).map(history_of)
