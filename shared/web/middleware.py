"""What happens to every request before a route sees it, and to every answer on its way out."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database import Fault, fault_of
from shared.observability.logs import Log
from shared.observability.metrics import Metrics
from shared.web.body import LooseJsonError, is_json, refuse_loose_json
from shared.web.problems import Problem, unavailable

LOG = Log(__name__)

CONTENT_BYTES_MAX: Final = 5 * 1024 * 1024
REQUESTS_MAX: Final = 500
CONTENT_SECONDS_MAX: Final = 30.0
"""A caller who sends a request slower than this is holding a place somebody else needs."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": a browser then hides even from us which site a form comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}


class Watched:
    """Counts every answer, adds the headers that keep browsers safe, and answers every fault.

    The outermost layer: whatever is raised inside becomes a problem that tells nothing of the
    inside, 503 when the database can't be reached, 500 otherwise. HEAD is answered as GET, without
    the content.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI wants it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":
            scope = {**scope, "method": "GET"}
        status = 500
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                _add_headers(MutableHeaders(scope=message))
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception as error:
            problem = _answer_to(error, scope)
            if started:
                raise
            await problem.response()(scope, receive, watched_send)
        finally:
            self._count(method, scope, status, time.perf_counter() - began_at)

    def _count(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        method = method if method in METHODS else "other"
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        self._metrics.http_requests(method=method, route=route, status=str(status)).inc()
        self._metrics.http_request_seconds(method=method, route=route).observe(seconds)


def _add_headers(headers: MutableHeaders) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def _answer_to(error: Exception, scope: Scope) -> Problem:
    """Say the fault in the log, with its trace, and as little as possible to the caller."""
    LOG.error("request_failed", error=error, method=scope["method"], path=scope["path"])
    if fault_of(error) in {Fault.UNAVAILABLE, Fault.CONTENTION}:
        return unavailable()
    return Problem(
        "internal-error",
        "Something went wrong on our side",
        500,
        "The fault has been written down. Nothing was stored.",
    )


class Bounded:
    """Carries out so many requests at once and no more; whoever comes then is asked to come again.

    Those waited for count too: a caller who sends slowly holds a place, for `CONTENT_SECONDS_MAX`.
    """

    def __init__(self, app: ASGIApp, requests_max: int = REQUESTS_MAX) -> None:
        self._app = app
        self._requests_max = requests_max
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI wants it."""
        if scope["type"] == "http" and self._requests >= self._requests_max:
            await unavailable("Too many ask at once; try again.").response()(scope, receive, send)
            return
        self._requests += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._requests -= 1


class Content:
    """Reads a request's content whole, within limits, before anything acts on it.

    Leaves its SHA-256 in the scope as `sammen.content_digest`.
    """

    def __init__(
        self,
        app: ASGIApp,
        bytes_max: int = CONTENT_BYTES_MAX,
        seconds_max: float = CONTENT_SECONDS_MAX,
    ) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI wants it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            content = await self._read(Headers(scope=scope), receive)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        if content is None:
            return
        scope["sammen.content_digest"] = hashlib.sha256(content).digest()
        await self._app(scope, _replayed(content, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes | None:
        """The content, or None when the caller hung up. Raises Problem 408, 413, 415 or 400."""
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(
                "encoding-unsupported", "Encoded content is not taken", 415, "Send it as it is."
            )
        declared = headers.get("content-length", "0")
        if not declared.isascii() or not declared.isdigit() or int(declared) > self._bytes_max:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._seconds_max):
                content = await self._gather(receive)
        except TimeoutError as error:
            raise Problem("too-slow", "The content came too slowly", 408) from error
        if content and is_json(headers.get("content-type", "")):
            try:
                refuse_loose_json(content)
            except LooseJsonError as error:
                raise Problem("not-json", "The content is not JSON", 400, str(error)) from error
        return content

    async def _gather(self, receive: Receive) -> bytes | None:
        content = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            content += message.get("body", b"")
            if len(content) > self._bytes_max:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(content)

    def _too_large(self) -> Problem:
        detail = f"At most {self._bytes_max} bytes are taken in one request; send it in parts."
        headers = {"Connection": "close"}
        return Problem("content-too-large", "Too much content", 413, detail, headers=headers)


def _replayed(content: bytes, receive: Receive) -> Receive:
    """A receive that gives the content once and then whatever the server still has to say."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": content, "more_body": False}

    return replay
