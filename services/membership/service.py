"""Membership's table of contents."""

from __future__ import annotations

from pathlib import Path

from services.membership import api
from shared.contracts.membership import (
    CompanyJoined,
    CompanyUpdated,
    ContactRecorded,
    EmployerSectorReported,
    PlacesPledged,
)
from shared.runtime.service import Service

SERVICE = Service(
    name="membership",
    summary="Companies and their contacts, pledged places, and every employer's sector",
    publishes=(
        CompanyJoined,
        CompanyUpdated,
        ContactRecorded,
        PlacesPledged,
        EmployerSectorReported,
    ),
    hears=(),
    timers=(),
    routers=(api.router,),
    migrations=Path(__file__).parent / "migrations",
)
