from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.membership.service import SERVICE
from shared.database import Database
from tests.integration.membership.office import CALLERS, Office
from tests.support.clock import clock_at
from tests.support.services import StartSystem


@pytest.fixture
async def office(start_system: StartSystem) -> AsyncIterator[Office]:
    """Membership on the day the campaign began, with everybody who may come."""
    clock = clock_at("2016-06-11")
    system = await start_system(SERVICE, clock=clock)
    owner = await Database.connect(system.database.owner_url, application_name="test")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(owner.close)
        callers = {
            name: await stack.enter_async_context(system.client(role, **claims))
            for name, (role, claims) in CALLERS.items()
        }
        anonymous = await stack.enter_async_context(system.client())
        yield Office(system, owner, clock, callers, anonymous)
