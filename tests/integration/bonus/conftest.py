from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.bonus.service import SERVICE
from shared.database import Database
from tests.integration.bonus.office import Office
from tests.support.clock import clock_at
from tests.support.services import StartSystem


@pytest.fixture
async def office(start_system: StartSystem) -> AsyncIterator[Office]:
    """A bonus office in September 2016."""
    clock = clock_at("2016-09-02")
    system = await start_system(SERVICE, clock=clock)
    owner = await Database.connect(system.database.owner_url, application_name="test")
    try:
        yield Office(system, owner, clock)
    finally:
        await owner.close()
