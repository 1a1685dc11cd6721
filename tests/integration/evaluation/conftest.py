from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.evaluation.service import SERVICE
from shared.database import Database
from shared.observability.metrics import Metrics
from shared.runtime.plans import plans_for, role_of
from shared.runtime.service import ServiceContext
from shared.runtime.settings import Settings
from tests.integration.evaluation.office import Office
from tests.support.clock import clock_at
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory


@pytest.fixture
async def office(database_factory: DatabaseFactory) -> AsyncIterator[Office]:
    """Evaluation with nothing told yet."""
    made = await database_factory(plans_for([SERVICE], {SERVICE.name: ROLE_PASSWORD}))
    database = await Database.connect(
        made.url(role_of(SERVICE.name)), application_name="test", schema=SERVICE.name
    )
    yield Office(
        ServiceContext(
            service_name=SERVICE.name,
            database=database,
            clock=clock_at("2018-07-02"),
            settings=Settings(),
            metrics=Metrics(),
        )
    )
    await database.close()
