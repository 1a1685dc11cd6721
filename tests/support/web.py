"""Web applications under test, spoken to without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from fastapi import APIRouter

from shared.observability.metrics import Metrics
from shared.web.app import Application, WebParts, build_app
from shared.web.identity import Identity, IssuerUnreachableError, TokenRefusedError

PEOPLE = {
    "municipality": Identity("m-1", "municipality", municipality="0101"),
    "company": Identity("c-1", "company", cvr="99000007"),
    "caseworker": Identity("w-1", "caseworker"),
}
"""Whom NamedTokens knows, by token."""


class NamedTokens:
    """An authenticator whose tokens are the names in PEOPLE, and `unreachable`."""

    async def identify(self, token: str) -> Identity:
        if token == "unreachable":
            raise IssuerUnreachableError
        if token not in PEOPLE:
            raise TokenRefusedError("nobody's")
        return PEOPLE[token]


def app_with(
    add_routes: Callable[[APIRouter], None],
    *,
    sign_in_path: str | None = "/issuer/sign-in",
    **more: Any,  # noqa: ANN401
) -> Application:
    """An application with these routes; `more` goes to `build_app`."""
    router = APIRouter()
    add_routes(router)
    parts = WebParts(title="Under test", routers=[router], sign_in_path=sign_in_path)
    return build_app(parts, authenticator=NamedTokens(), metrics=Metrics(), **more)


@asynccontextmanager
async def client_of(
    app: Application, token: str | None = None, **headers: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, with a token if one is named."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sammen.test", headers=headers
    ) as client:
        yield client


def problem_in(answer: httpx.Response, status: int, slug: str) -> dict[str, object]:
    """The problem in an answer, seen to be one."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = cast("dict[str, object]", answer.json())
    assert (answer.status_code, body["status"]) == (status, status)
    assert body["type"] == f"urn:sammen:problem:{slug}"
    assert body["title"]
    return body
