"""The OpenAPI document tells a stranger what a writing request may carry."""

from __future__ import annotations

import httpx

from services.bonus.service import SERVICE as BONUS
from services.membership.service import SERVICE as MEMBERSHIP
from services.placements.service import SERVICE as PLACEMENTS
from tests.support.clock import clock_at
from tests.support.services import StartSystem

STORING_NOTHING = {"/bonus/v1/assessments", "/bonus/v1/what-if"}


async def test_every_writing_request_is_said_to_take_a_key(start_system: StartSystem) -> None:
    running = await start_system(BONUS, MEMBERSHIP, PLACEMENTS, clock=clock_at("2017-03-01"))
    async with httpx.AsyncClient(base_url=running.system.address) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    posts = {path: told["post"] for path, told in paths.items() if "post" in told}
    taking = {
        path
        for path, told in posts.items()
        for each in told.get("parameters", [])
        if (each["name"], each["in"], each["required"]) == ("Idempotency-Key", "header", False)
    }
    assert taking == posts.keys() - STORING_NOTHING
    in_path = {each["name"] for each in posts["/bonus/v1/claims/{claim}/decision"]["parameters"]}
    assert in_path == {"claim", "Idempotency-Key"}
