from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifications.service import SERVICE
from shared.database import Database
from shared.observability.metrics import Metrics
from shared.runtime.plans import plans_for, role_of
from shared.runtime.service import ServiceContext
from shared.runtime.settings import Settings
from tests.integration.notifications.office import Office
from tests.support.clock import clock_at
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory


@pytest.fixture
async def office(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Office]:
    """Notifications on a spring day in 2017, writing mails as files."""
    made = await database_factory(plans_for([SERVICE], {SERVICE.name: ROLE_PASSWORD}))
    database = await Database.connect(
        made.url(role_of(SERVICE.name)), application_name="test", schema=SERVICE.name
    )
    mails = tmp_path / "mails"
    clock = clock_at("2017-03-01")
    context = ServiceContext(
        service_name=SERVICE.name,
        database=database,
        clock=clock,
        settings=Settings.model_validate({"smtp_url": f"file://{mails}"}),
        metrics=Metrics(),
    )
    yield Office(database, clock, context, mails)
    await database.close()
