"""Evaluation's table of contents."""

from __future__ import annotations

from pathlib import Path

from services.evaluation import api, handlers, pages
from shared.contracts.bonus import BonusAssessed
from shared.contracts.membership import CompanyJoined, CompanyLeft, PlacesPledged, PledgeWithdrawn
from shared.contracts.notifications import NotificationSent
from shared.contracts.placements import (
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementReinstated,
    PlacementStarted,
)
from shared.messaging.work import Hears
from shared.runtime.service import Service
from shared.web.pages import PageLink

FOLDER = Path(__file__).parent

SERVICE = Service(
    name="evaluation",
    summary="The programme's published figures, as known on any date",
    publishes=(),
    hears=(
        Hears(
            name="membership",
            topics=("membership.events.v1",),
            events=(CompanyJoined, CompanyLeft, PlacesPledged, PledgeWithdrawn),
            handler=handlers.on_membership,
        ),
        Hears(
            name="placements",
            topics=("placements.events.v1",),
            events=(
                PlacementStarted,
                PlacementCorrected,
                PlacementEnded,
                PlacementEndRetracted,
                PlacementAnnulled,
                PlacementReinstated,
            ),
            handler=handlers.on_placement,
        ),
        Hears(
            name="bonus",
            topics=("bonus.events.v1",),
            events=(BonusAssessed,),
            handler=handlers.on_bonus_assessed,
        ),
        Hears(
            name="notifications",
            topics=("notifications.events.v1",),
            events=(NotificationSent,),
            handler=handlers.on_notification_sent,
        ),
    ),
    timers=(),
    routers=(api.router, pages.router),
    migrations=FOLDER / "migrations",
    templates=FOLDER / "templates",
    navigation=(PageLink("/", en="Figures", da="Tal"),),
)
