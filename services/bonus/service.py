"""Bonus's table of contents."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from services.bonus import api, pages
from services.bonus.handlers import accruing, hearing, proving, settling, shadowing
from shared.contracts.bonus import (
    BonusAccrued,
    BonusApplied,
    BonusAssessed,
    BonusInstalmentDue,
    BonusRefused,
    BonusUnderReview,
    PayoutOrdered,
    RepaymentClaimChanged,
    RepaymentClaimDecided,
    RepaymentClaimRaised,
    RepaymentClaimWithdrawn,
    ReviewDecided,
)
from shared.contracts.finance import PayoutRejected, PayoutReturned, PayoutSettled
from shared.contracts.membership import EmployerSectorReported
from shared.contracts.placements import (
    CourseCompleted,
    EmploymentConfirmed,
    LeaveRecorded,
    PersonCorrected,
    PersonRegistered,
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementExtended,
    PlacementReinstated,
    PlacementStarted,
)
from shared.messaging.work import Hears
from shared.runtime.service import Service, Timer
from shared.web.pages import PageLink

FOLDER = Path(__file__).parent
SHADOW_EVERY = timedelta(seconds=10)
LINK_EVERY = timedelta(hours=1)
ACCRUE_EVERY = timedelta(hours=6)
CHECK_EVERY = timedelta(days=1)
"""None of them once for each calendar day: the next look sees what was missed as well."""

SERVICE = Service(
    name="bonus",
    summary="What each placement earns, when, and why",
    publishes=(
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
    ),
    hears=(
        Hears(
            name="persons",
            topics=("placements.persons.v1",),
            events=(PersonRegistered, PersonCorrected),
            handler=hearing.on_facts,
        ),
        Hears(
            name="placements",
            topics=("placements.events.v1",),
            events=(
                PlacementStarted,
                PlacementCorrected,
                EmploymentConfirmed,
                LeaveRecorded,
                PlacementExtended,
                PlacementEnded,
                PlacementEndRetracted,
                PlacementAnnulled,
                PlacementReinstated,
                CourseCompleted,
            ),
            handler=hearing.on_facts,
        ),
        Hears(
            name="sectors",
            topics=("membership.events.v1",),
            events=(EmployerSectorReported,),
            handler=hearing.on_sectors,
        ),
        Hears(
            name="settlements",
            topics=("finance.settlements.v1",),
            events=(PayoutSettled, PayoutRejected, PayoutReturned),
            handler=settling.on_settlements,
        ),
    ),
    timers=(
        Timer(name="sweep", every=None, run=hearing.sweep),
        Timer(name="accrue", every=ACCRUE_EVERY, run=accruing.accrue_months),
        Timer(name="link", every=LINK_EVERY, run=proving.link_entries),
        Timer(name="ledger", every=CHECK_EVERY, run=proving.check_ledger),
        Timer(name="shadow", every=SHADOW_EVERY, run=shadowing.look_by_shadow_rules),
    ),
    routers=(*api.ROUTERS, pages.router),
    migrations=FOLDER / "migrations",
    templates=FOLDER / "templates",
    navigation=(
        PageLink("/bonus/cases", en="Bonus cases", da="Bonussager"),
        PageLink("/bonus/company", en="My company's bonus", da="Min bonus", roles=("company",)),
        PageLink("/bonus/work", en="To decide", da="Til afgørelse", roles=("caseworker",)),
    ),
)
