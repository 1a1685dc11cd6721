from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.placements.service import SERVICE
from shared.database import Database
from shared.runtime.plans import plans_for
from tests.integration.placements.door import CALLERS, Caller, Door
from tests.integration.placements.rooms import Rooms
from tests.support.clock import clock_at
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory
from tests.support.services import StartSystem


@pytest.fixture
async def door(start_system: StartSystem, tmp_path: Path) -> AsyncIterator[Door]:
    """A door on a spring day in 2017, with everybody who may knock."""
    clock = clock_at("2017-03-01")
    system = await start_system(SERVICE, clock=clock, data_dir=tmp_path)
    reader = await Database.connect(system.database.superuser_url, application_name="test")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(reader.close)
        callers = {
            name: Caller(await stack.enter_async_context(system.client(role, **claims)))
            for name, (role, claims) in CALLERS.items()
        }
        yield Door(system, reader, clock, callers)


@pytest.fixture
async def rooms(database_factory: DatabaseFactory) -> AsyncIterator[Rooms]:
    """A fresh database, without a running system."""
    database = await database_factory(plans_for([SERVICE], {"placements": ROLE_PASSWORD}))
    service = await Database.connect(
        database.url("sammen_placements"), application_name="test", schema="placements"
    )
    everything = await Database.connect(database.superuser_url, application_name="test")
    yield Rooms(service, everything)
    await service.close()
    await everything.close()
