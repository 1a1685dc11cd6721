"""A system runs, tells how it is, and stops, over a real database and bus."""

from __future__ import annotations

from tests.support.services import (
    TINY_EVALUATION,
    TINY_MEMBERSHIP,
    StartSystem,
    SystemUnderTest,
)

CVR = "99000007"


async def heard(running: SystemUnderTest) -> dict[str, int]:
    """What the tiny evaluation has counted."""
    context = running.system.context("evaluation")
    async with context.database.connection() as connection:
        rows = await connection.fetch("SELECT cvr, heard FROM company")
    return {row["cvr"]: row["heard"] for row in rows}


async def test_what_one_service_publishes_another_hears(start_system: StartSystem) -> None:
    running = await start_system(TINY_MEMBERSHIP, TINY_EVALUATION)
    async with running.client("company", cvr=CVR) as client:
        answer = await client.post("/membership/v1/companies", json={"cvr": CVR})
    assert answer.status_code == 201
    await running.settled()
    assert await heard(running) == {CVR: 1}
