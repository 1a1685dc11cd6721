"""Placements' table of contents."""

from __future__ import annotations

from pathlib import Path

from services.placements import api
from services.placements.vault import check_vault_key
from shared.contracts import placements
from shared.contracts.reports import ReportReceipt
from shared.database import SchemaPlan
from shared.runtime.service import Service

FOLDER = Path(__file__).parent

VAULT_PLAN = SchemaPlan(
    schema="vault",
    roles={},
    migrations=(("vault", FOLDER / "vault_migrations"),),
    owner_role="sammen_vault",
)
"""Where civil registration numbers lie sealed; reached through its functions only."""

SERVICE = Service(
    name="placements",
    summary="Who works where, from when, until when; the door for reports; the person vault",
    publishes=(*placements.EVENTS, ReportReceipt),
    hears=(),
    timers=(),
    routers=(api.router,),
    migrations=FOLDER / "migrations",
    extra_plans=(VAULT_PLAN,),
    needs=("vault_key",),
    check_settings=check_vault_key,
)
