"""Who is asking comes from a verified token, never from the body.

Use in a route: `caller: Annotated[Identity, Depends(allow("municipality", "caseworker"))]`.
On a page (GET only): `Depends(allow_page("caseworker"))`, which also takes the sign-in cookie.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, get_args

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.observability.catalogue import Denial
from shared.observability.logs import Log
from shared.observability.metrics import Metrics
from shared.web.problems import Problem, forbidden

LOG = Log(__name__)

Role = Literal["municipality", "company", "caseworker", "approver", "finance", "operations"]
ROLES: tuple[Role, ...] = get_args(Role)

SESSION_COOKIE = "sammen_session"

BEARER = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="OAuth 2 access token for `sammen`."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller."""

    subject: str
    """Who exactly; two clients never share one. Names the owner of idempotency keys."""
    role: Role
    municipality: str | None = None
    """The municipality's code; always there when the role is `municipality`."""
    cvr: str | None = None
    """The company's number; always there when the role is `company`."""


class Authenticator(Protocol):
    """Verifies tokens."""

    async def identify(self, token: str) -> Identity:
        """Who holds this token. Raises TokenRefusedError or IssuerUnreachableError."""


class TokenRefusedError(Exception):
    """The token proves nothing: forged, expired, for somebody else, or without a needed claim."""


class IssuerUnreachableError(Exception):
    """The token can't be checked at the moment, so it is not believed."""


Dependency = Callable[..., Awaitable[Identity]]


def allow(*roles: Role) -> Dependency:
    """A dependency that lets in holders of a bearer token with one of the roles; no role: anyone.

    Raises Problem 401 without a good token, 403 with another role, 503 when no token can be
    checked.
    """
    return _dependency(roles, cookies=False)


def allow_page(*roles: Role) -> Dependency:
    """Like `allow`, and on GET also by the cookie of the sign-in page."""
    return _dependency(roles, cookies=True)


def _dependency(roles: tuple[Role, ...], *, cookies: bool) -> Dependency:
    async def identified(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    ) -> Identity:
        token = bearer.credentials if bearer else None
        if token is None and cookies and request.method == "GET":
            token = request.cookies.get(SESSION_COOKIE)
        if token is None:
            raise _denied(request, "no_token", _unauthorised("A bearer token is needed."))
        identity = await _identify(request, token)
        if roles and identity.role not in roles:
            why = f"This needs the role {' or '.join(roles)}; the token's is {identity.role}."
            raise _denied(request, "wrong_role", forbidden(why))
        return identity

    return identified


async def _identify(request: Request, token: str) -> Identity:
    authenticator: Authenticator = request.app.state.authenticator
    try:
        return await authenticator.identify(token)
    except TokenRefusedError as error:
        refusal = _unauthorised(f"The token is not good: {error}", error_code="invalid_token")
        raise _denied(request, "bad_token", refusal) from error
    except IssuerUnreachableError as error:
        raise _denied(request, "issuer_unreachable", _unreachable()) from error


def _denied(request: Request, reason: Denial, problem: Problem) -> Problem:
    metrics: Metrics = request.app.state.metrics
    metrics.access_denied(reason=reason).inc()
    LOG.info("access_denied", reason=reason, method=request.method, path=request.url.path)
    return problem


def _unauthorised(detail: str, *, error_code: str | None = None) -> Problem:
    challenge = f'Bearer error="{error_code}"' if error_code else "Bearer"
    headers = {"WWW-Authenticate": challenge}
    return Problem("unauthenticated", "Who are you?", 401, detail, headers=headers)


def _unreachable() -> Problem:
    headers = {"Retry-After": "30"}
    detail = "Tokens can't be checked at the moment; nobody is let in until they can."
    return Problem("issuer-unreachable", "Tokens can't be checked", 503, detail, headers=headers)
