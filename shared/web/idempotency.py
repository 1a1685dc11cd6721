"""Asking twice with one Idempotency-Key has one effect and one answer.

Use in a writing route, inside its transaction, and give the route `openapi_extra=TAKES_KEY`:

    async with context.begin() as work:
        return await answer_once(work, caller, request, lambda: act(work))

The answer is stored in that same transaction, per client, for 72 hours. What `act` refuses by
raising a Problem is not stored: the transaction is undone, and the same key may be used again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.database import Connection
from shared.messaging.work import Work
from shared.observability.catalogue import KeyOutcome
from shared.values.persons import contains_person_number
from shared.web.identity import Identity
from shared.web.problems import Problem

HEADER = "Idempotency-Key"
KEY_CHARACTERS_MAX = 255
KEPT_FOR = timedelta(hours=72)
"""Long enough for a week-end's retries; draft-ietf-httpapi-idempotency-key-header-07, §2.6."""

TAKES_KEY: Final[dict[str, object]] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX},
            "description": "A random key of the request, printable ASCII. Sent again within 72"
            " hours with the same key and content, it has no second effect and is answered as the"
            " first time, with `Idempotency-Replayed: true`. Other content under the key: 422; the"
            " first still in flight: 409.",
        }
    ]
}
"""What the OpenAPI document says of a route that answers once: give it as `openapi_extra`."""

REUSED: Final = Problem(
    "idempotency-key-reused",
    "This Idempotency-Key was used for another request",
    422,
    "Send the same content again, or this content with a key of its own.",
)
SENT_BEFORE: Final = Problem(
    "form-sent-before",
    "This form was sent before, with other content",
    422,
    "What was sent then counts. To send something else, load the page again, and send it from"
    " there.",
)

TRY_LOCK = """
SELECT pg_try_advisory_xact_lock(
           hashtextextended(concat_ws('/', 'idempotency', current_schema(), $1::text, $2::text), 0)
       )
"""

LOCK = TRY_LOCK.replace("pg_try_advisory_xact_lock", "pg_advisory_xact_lock")

FIND_ANSWER = """
SELECT fingerprint, status, media_type, headers, body
  FROM idempotency_key
 WHERE client = $1
   AND key = $2
   AND answered_at > $3
"""

SAVE_ANSWER = """
INSERT INTO idempotency_key
            (client, key, fingerprint, status, media_type, headers, body, answered_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (client, key)
  DO UPDATE
        SET fingerprint = excluded.fingerprint,
            status = excluded.status,
            media_type = excluded.media_type,
            headers = excluded.headers,
            body = excluded.body,
            answered_at = excluded.answered_at
"""

DELETE_EXPIRED = "DELETE FROM idempotency_key WHERE answered_at <= $1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route has to say: anything that is JSON (also pydantic models and dataclasses)."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


async def answer_once(
    work: Work, identity: Identity, request: Request, act: Callable[[], Awaitable[Answer]]
) -> Response:
    """Act and answer; with an Idempotency-Key that was answered before, only answer again.

    Raises Problem 422 when the key was used with other content, 409 while the first request with
    it is still in flight, 400 when the header is not a key.
    """
    given = request.headers.getlist(HEADER)
    if len(given) > 1:
        raise Problem(
            "idempotency-key-invalid",
            "This is not an Idempotency-Key",
            400,
            "A request has one key; this one has several.",
        )
    key = _key(given[0] if given else None)
    if key is None:
        return _response(await act())
    await _lock(work.connection, identity, key, request)
    return await _answer_under(key, work, identity, request, act, REUSED)


async def submit_once(
    work: Work,
    identity: Identity,
    request: Request,
    submission: str,
    act: Callable[[], Awaitable[Answer]],
) -> Response:
    """The same for a form sent from a page, whose key the page has put into it.

    Whoever presses the button twice is shown the answer to the second press, so that one waits for
    the first to be done instead of being refused.
    """
    key = _key(submission or None)
    if key is None:
        return _response(await act())
    await work.connection.execute(LOCK, identity.subject, key)
    return await _answer_under(key, work, identity, request, act, SENT_BEFORE)


async def _answer_under(
    key: str,
    work: Work,
    identity: Identity,
    request: Request,
    act: Callable[[], Awaitable[Answer]],
    reused: Problem,
) -> Response:
    """Act, or answer as before; the caller holds the key. Raises `reused` for other content."""
    fingerprint = _fingerprint(request)
    stored = await work.connection.fetchrow(FIND_ANSWER, identity.subject, key, work.now - KEPT_FOR)
    if stored is None:
        response = _response(await act())
        await _save(work, identity, key, fingerprint, response)
        _count(request, "first")
        return response
    if stored["fingerprint"] != fingerprint:
        _count(request, "mismatch")
        raise reused
    _count(request, "replayed")
    headers = {**stored["headers"], "Idempotency-Replayed": "true"}
    return Response(
        stored["body"], stored["status"], headers=headers, media_type=stored["media_type"]
    )


async def delete_expired_answers(connection: Connection, now: datetime) -> None:
    """Forget answers older than 72 hours; they are no longer looked at in any case."""
    await connection.execute(DELETE_EXPIRED, now - KEPT_FOR)


def _key(given: str | None) -> str | None:
    """The key, with or without the quotes of a structured header."""
    if given is None:
        return None
    key = given.strip().removeprefix('"').removesuffix('"')
    if not key or len(key) > KEY_CHARACTERS_MAX or not (key.isascii() and key.isprintable()):
        raise Problem(
            "idempotency-key-invalid",
            "This is not an Idempotency-Key",
            400,
            f"A key is 1 to {KEY_CHARACTERS_MAX} printable ASCII characters.",
        )
    if contains_person_number(key):
        raise Problem(
            "idempotency-key-invalid",
            "This is not an Idempotency-Key",
            400,
            "A key is kept, so it may not hold a civil registration number; use a random one.",
        )
    return key


async def _lock(connection: Connection, identity: Identity, key: str, request: Request) -> None:
    """Keep others with the same key out until the transaction ends; never wait for them."""
    if not await connection.fetchval(TRY_LOCK, identity.subject, key):
        _count(request, "in_flight")
        raise Problem(
            "idempotency-key-in-flight",
            "The first request with this Idempotency-Key is still being carried out",
            409,
            "Ask again in a moment, with the same key.",
            headers={"Retry-After": "1"},
        )


def _fingerprint(request: Request) -> bytes:
    """What makes a request the same one: method, path, query and every byte of its content."""
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    content: bytes = request.scope["sammen.content_digest"]
    return hashlib.sha256(target + content).digest()


async def _save(
    work: Work, identity: Identity, key: str, fingerprint: bytes, response: Response
) -> None:
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {"content-length", "content-type"}
    }
    await work.connection.execute(
        SAVE_ANSWER,
        identity.subject,
        key,
        fingerprint,
        response.status_code,
        response.media_type,
        headers,
        bytes(response.body),
        work.now,
    )


def _response(answer: Answer) -> Response:
    return Response(
        to_json(answer.body),
        answer.status,
        headers=dict(answer.headers),
        media_type="application/json",
    )


def _count(request: Request, outcome: KeyOutcome) -> None:
    request.app.state.metrics.idempotency_keys(outcome=outcome).inc()
