"""Who is asking comes from a verified token, never from the body.

Use in a route: `caller: Annotated[Identity, Depends(allow("municipality", "caseworker"))]`.
On a page (GET only): `Depends(allow_page("caseworker"))`, which also takes the sign-in cookie; for
a form sent from a page: `Depends(allow_form("caseworker"))`, which asks for the form's token too.
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
from shared.web.forms import FOREIGN, STALE, carries_token, comes_from_elsewhere, forged
from shared.web.problems import Problem, forbidden

LOG = Log(__name__)

Role = Literal["municipality", "company", "caseworker", "approver", "finance", "operations"]
ROLES: tuple[Role, ...] = get_args(Role)

SESSION_COOKIE = "sammen_session"

BEARER = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="OAuth 2 access token for `sammen`."
)


NO_BEARER = "A bearer token is needed."
NO_SESSION = (
    "Sign in first. Where there is no page to sign in on, a sign-in proxy before these pages adds"
    " the bearer token."
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
    """Like `allow`, and on GET also by the cookie of the sign-in page, where there is one."""
    return _dependency(roles, cookies=True)


def allow_form(*roles: Role) -> Dependency:
    """Lets in who sends a form from a page of ours, by the sign-in cookie or a bearer token.

    Raises Problem 403 also when the form comes from another site, or was not made for this session.
    """

    async def identified(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    ) -> Identity:
        if comes_from_elsewhere(request):
            raise _denied(request, "forged_form", forged(FOREIGN))
        session = session_of(request, bearer.credentials if bearer else None)
        identity = await _admitted(request, session, roles)
        assert session is not None, "who is admitted has one"
        if not await carries_token(request, session):
            raise _denied(request, "forged_form", forged(STALE))
        return identity

    return identified


def session_of(request: Request, bearer: str | None) -> str | None:
    """What proves who asks: the bearer token, or the cookie of our own sign-in page.

    Where there is no such page nobody has set the cookie, so it is not looked at.
    """
    if bearer is not None or request.app.state.sign_in_path is None:
        return bearer
    return request.cookies.get(SESSION_COOKIE)


def _dependency(roles: tuple[Role, ...], *, cookies: bool) -> Dependency:
    async def identified(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    ) -> Identity:
        token = bearer.credentials if bearer else None
        if cookies and request.method == "GET":
            token = session_of(request, token)
        return await _admitted(request, token, roles, needed=NO_SESSION if cookies else NO_BEARER)

    return identified


async def _admitted(
    request: Request, token: str | None, roles: tuple[Role, ...], *, needed: str = NO_SESSION
) -> Identity:
    """Who holds the token, if one of the roles; `request.state` knows it from then on."""
    if token is None:
        raise _denied(request, "no_token", _unauthorised(needed))
    identity = await _identify(request, token)
    request.state.identity = identity
    request.state.session = token
    if roles and identity.role not in roles:
        why = f"This needs the role {' or '.join(roles)}; the token's is {identity.role}."
        raise _denied(request, "wrong_role", forbidden(why))
    return identity


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
