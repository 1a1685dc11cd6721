"""The same facts without any fault: the embedded system in this process, told the same by seed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from shared.database import Database
from shared.web.issuer import DevelopmentIssuer
from tests.chaos.clock import SoakClock
from tests.chaos.evidence import Evidence, Reader
from tests.chaos.feeding import Accepted, Feeder
from tests.chaos.ground import Ground
from tests.chaos.requests import Door
from tests.support.postgres import database_maker
from tests.support.services import prepared_database, running_system

LANES: Final = 6
SETTLE_SECONDS_MAX: Final = 600.0


async def run_without_faults(ground: Ground, told: Accepted, seed: int) -> Evidence:
    """What comes of the same companies, lives and canaries when nothing goes wrong."""
    mails = ground.folder / "reference mails"
    async with database_maker(ground.server, {}) as make_database:
        database = await prepared_database(make_database, ground.services)
        async with running_system(
            database,
            ground.services,
            clock=SoakClock(time.time()),
            smtp_url=f"file://{mails}",
            data_dir=ground.folder / "reference",
        ) as system:
            address = system.system.address
            doors: dict[Door, list[str]] = {
                "membership": [address],
                "placements": [address],
                "bonus": [address],
            }
            feeder = Feeder(doors, system.issuer)
            try:
                await _tell_again(feeder, told, seed)
            finally:
                await feeder.close()
            await system.system.settled(SETTLE_SECONDS_MAX)
            figures = await read_figures(address, system.issuer)
        owner = await Database.connect(database.owner_url, application_name="soak")
        try:
            async with owner.connection() as connection:
                reader = Reader(connection, feeder.accepted.persons)
                found = await reader.read([each.name for each in ground.services], mails)
        finally:
            await owner.close()
    found.outcomes, found.figures = feeder.accepted.outcomes, figures
    return found


async def read_figures(address: str, issuer: DevelopmentIssuer) -> Mapping[str, Any]:
    """The programme's figures as a caseworker sees them; mails apart, which are judged alone."""
    headers = {"Authorization": f"Bearer {issuer.issue_token('caseworker')}"}
    async with httpx.AsyncClient(base_url=address, headers=headers) as client:
        answer = await client.get("/evaluation/v1/figures")
    figures: dict[str, Any] = answer.raise_for_status().json()["after"]
    figures.pop("notices_sent")
    return figures


async def _tell_again(feeder: Feeder, told: Accepted, seed: int) -> None:
    for _ in range(told.companies):
        await feeder.tell_company()
    for _ in range(told.canaries):
        await feeder.tell_canary()
    numbers = iter(range(told.lives))

    async def lane() -> None:
        for number in numbers:
            await feeder.tell_person(seed, number)

    async with asyncio.TaskGroup() as group:
        for _ in range(LANES):
            group.create_task(lane())
