"""Random histories of one person: a few placements, told early, late, twice and wrongly."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import ALFA, BETA, tell

FIRST_DAY = date(2016, 1, 1)
IDS = ("L1", "L2", "L3")
REVIEWS = ("PERSON_SCOPE", "SECTOR_UNKNOWN", "IGU_PRIOR_EMPLOYMENT")

placements = st.sampled_from(IDS)
employers = st.sampled_from((ALFA, BETA))
kinds = st.sampled_from(("ordinary", "ordinary", "igu", "internship"))
milestones = st.sampled_from(("M6", "M12", "M24"))


def days(first: int = 0, last: int = 1500) -> st.SearchStrategy[str]:
    """Days from 2016 on; a coarse grid, so that dates meet."""
    return st.integers(first // 30, last // 30).map(
        lambda step: (FIRST_DAY + timedelta(days=30 * step)).isoformat()
    )


def recorded() -> st.SearchStrategy[str]:
    return days(0, 2400)


def hours() -> st.SearchStrategy[str]:
    return st.integers(0, 6000).map(str)


@st.composite
def told(draw: st.DrawFn, /, name: str, **fields: st.SearchStrategy[object]) -> Fact:
    """A fact with drawn fields, recorded on a drawn day, now and then at a known hour."""
    on = draw(recorded())
    at = draw(st.sampled_from((None, f"{on}T08:00:00Z", f"{on}T09:00:00Z")))
    return tell(name, on=on, at=at, **{key: draw(value) for key, value in fields.items()})


def just(value: object) -> st.SearchStrategy[object]:
    return st.just(value)


@st.composite
def confirmations(draw: st.DrawFn) -> Fact:
    first, last = sorted((draw(days()), draw(days())))
    return draw(
        told(
            "EmploymentConfirmed",
            placement=placements,
            first_day=just(first),
            last_day=just(last),
            hours=hours(),
        )
    )


persons = told(
    "PersonRegistered",
    person=just("P1"),
    category=st.sampled_from(("refugee", "refugee", "family_other", "student")),
    permit_granted_on=days(0, 700),
    born_on=st.sampled_from((None, "1990-01-01")),
    resident_since=st.sampled_from((None, "2015-06-01")),
)
corrections = told("PersonCorrected", person=just("P1"), permit_granted_on=days(0, 700))
sectors = told(
    "EmployerSectorReported",
    employer=employers,
    effective_from=st.sampled_from(("2015-01-01", "2017-06-01")),
    sector=st.sampled_from(("private", "private", "public_authority", "institution")),
)
starts = told(
    "PlacementStarted",
    placement=placements,
    person=just("P1"),
    employer=employers,
    kind=kinds,
    started_on=days(180, 900),
    continues=st.sampled_from((None, None, *IDS)),
)
ends = told(
    "PlacementEnded",
    placement=placements,
    last_day=days(200, 1500),
    reason=st.sampled_from(
        ("completed", "resigned", "company_closed", "business_transfer", "never_showed_up")
    ),
)
applications = told(
    "BonusApplied", placement=placements, milestone=milestones, filed_on=days(0, 2400)
)
certificates = told(
    "CourseCompleted",
    placement=placements,
    certificate_issued_on=days(700, 1500),
    schooling_documented=st.booleans(),
    practice_hours=hours(),
)
decisions = told(
    "ReviewDecided",
    person=just("P1"),
    employer=employers,
    scheme=st.sampled_from(("ordinary", "igu")),
    milestone=milestones,
    review=st.sampled_from(REVIEWS),
    outcome=st.sampled_from(("accepted", "refused")),
    decided_on=days(),
)
payouts = told(
    "PayoutSettled",
    placement=placements,
    milestone=milestones,
    amount_dkk=st.sampled_from((20000, 15000, -5000)),
    settled_on=days(400, 1500),
    settlement=st.sampled_from((None, "S1", "S2")),
)
others = st.one_of(
    told("PlacementCorrected", placement=placements, started_on=days(180, 900)),
    told("PlacementEndRetracted", placement=placements),
    told(
        "PlacementAnnulled",
        placement=placements,
        reason=st.sampled_from(("mistake", "duplicate")),
    ),
    told("PlacementReinstated", placement=placements),
    told("PlacementExtended", placement=placements, days=st.integers(0, 200)),
)

histories: st.SearchStrategy[list[Fact]] = st.tuples(
    st.lists(persons, min_size=1, max_size=2),
    st.lists(corrections, max_size=1),
    st.lists(sectors, min_size=1, max_size=3),
    st.lists(starts, min_size=1, max_size=4),
    st.lists(ends, max_size=3),
    st.lists(confirmations(), max_size=4),
    st.lists(applications, max_size=4),
    st.lists(certificates, max_size=2),
    st.lists(decisions, max_size=3),
    st.lists(payouts, max_size=3),
    st.lists(others, max_size=3),
).map(lambda parts: [fact for part in parts for fact in part])
