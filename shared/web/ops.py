"""The operators' port: metrics and health, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.observability.metrics import EXPOSITION_CONTENT_TYPE, Metrics


@dataclass(frozen=True, slots=True)
class Health:
    """Whether it goes well, and if not, every reason why; notes are worth knowing either way."""

    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """No reason against it."""
        return not self.reasons


HealthCheck = Callable[[], Awaitable[Health]]


def build_ops_app(metrics: Metrics, *, live: HealthCheck, ready: HealthCheck) -> Starlette:
    """`/metrics`, `/health/live` (else: restart me) and `/health/ready` (else: send no work)."""

    async def exposed(_request: Request) -> Response:
        return Response(metrics.exposition(), media_type=EXPOSITION_CONTENT_TYPE)

    async def lives(_request: Request) -> Response:
        return _answer("live", await live())

    async def is_ready(_request: Request) -> Response:
        health = await ready()
        metrics.ready().set(1 if health.good else 0)
        return _answer("ready", health)

    return Starlette(
        routes=[
            Route("/metrics", exposed),
            Route("/health/live", lives),
            Route("/health/ready", is_ready),
        ]
    )


def _answer(question: str, health: Health) -> Response:
    body = {question: health.good, "reasons": health.reasons, "notes": health.notes}
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(body, 200 if health.good else 503, headers=headers)
