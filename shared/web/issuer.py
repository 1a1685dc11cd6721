"""A token issuer for development: real keys, real discovery, and whoever you say you are.

It signs anybody in as anybody, so only the embedded system mounts it, on the loopback address.
"""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, TypedDict

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Form, Request
from jwt.algorithms import ECAlgorithm
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.values.clock import Clock
from shared.values.cvr import parse_cvr
from shared.values.municipalities import list_municipalities, parse_municipality_code
from shared.web.forms import FOREIGN, STALE, carries_token, comes_from_elsewhere, forged
from shared.web.identity import ROLES, SESSION_COOKIE, Role
from shared.web.pages import render
from shared.web.problems import invalid
from shared.web.tokens import ALGORITHM, AUDIENCE

PATH: Final = "/issuer"
SIGN_IN_PATH: Final = f"{PATH}/sign-in"
SIGN_OUT_PATH: Final = f"{PATH}/sign-out"
LIFETIME: Final = timedelta(hours=1)
SESSION_LIFETIME: Final = timedelta(hours=8)
SIGN_IN_ROLES: Final[tuple[Role, ...]] = ("caseworker", "municipality", "company", "finance")


class TokenRequestError(ValueError):
    """Nobody like that can hold a token."""


class DevelopmentIssuer:
    """Issues tokens under one address with one key."""

    def __init__(self, address: str, key: ec.EllipticCurvePrivateKey, clock: Clock) -> None:
        """`address` is what tokens carry as `iss`; discovery answers under it.

        The clock must be the machine's wherever tokens are checked: those who check use that one.
        """
        self.address = address
        self._clock = clock
        self._key = key
        self._key_id = _thumbprint(key.public_key())

    def issue_token(
        self,
        role: Role,
        *,
        municipality: str | None = None,
        cvr: str | None = None,
        subject: str | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """A signed token. Raises TokenRequestError when a claim that the role needs is wrong.

        Without a subject one is made from the role and whom it is for.
        """
        claims = _claims_for(role, municipality, cvr)
        now = self._clock.now()
        body = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": subject or ":".join(["development", role, *claims.values()]),
            "role": role,
            **claims,
            "iat": now,
            "exp": now + lifetime,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(body, self._key, ALGORITHM, headers={"kid": self._key_id})

    def discovery(self) -> dict[str, object]:
        """The OpenID discovery document, as far as tokens are checked by it."""
        return {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/jwks",
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
        }

    def key_set(self) -> dict[str, object]:
        """The public key as a JWK set."""
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": ALGORITHM}]}


def load_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """The key in the file, readable by its owner only; made when there is none.

    Safe when two processes start at once: both end up with the same key.
    """
    if not file.exists():
        _create_key(file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), f"{file} holds another kind of key"
    return key


def _create_key(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(text)
    try:
        os.link(draft, file)
    except FileExistsError:
        return  # another process was first, and its key is as good
    finally:
        draft.unlink()


def _thumbprint(public: ec.EllipticCurvePublicKey) -> str:
    """A key id that is the key's own, so that a new key never goes by an old one's name."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return digest.finalize().hex()[:32]


def _claims_for(role: str, municipality: str | None, cvr: str | None) -> dict[str, str]:
    if role not in ROLES:
        raise TokenRequestError(f"{role!r} is no role; there are {', '.join(ROLES)}")
    if role == "municipality":
        try:
            return {"municipality": parse_municipality_code(municipality or "")}
        except ValueError as error:
            raise TokenRequestError(f"A municipality's token needs its code: {error}") from error
    if role == "company":
        try:
            return {"cvr": parse_cvr(cvr or "")}
        except ValueError as error:
            raise TokenRequestError(f"A company's token needs its number: {error}") from error
    return {}


def issuer_router(issuer: DevelopmentIssuer) -> APIRouter:
    """Discovery, keys, and a page on which a developer chooses whom to be."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, object]:
        return issuer.discovery()

    @router.get("/jwks")
    async def jwks() -> dict[str, object]:
        return issuer.key_set()

    @router.get("/sign-in", response_class=HTMLResponse)
    async def choose(request: Request, next: str = "/") -> Response:  # noqa: A002 # in addresses
        return render(
            request,
            "sign_in.html",
            roles=SIGN_IN_ROLES,
            municipalities=list_municipalities(),
            next_path=_local(next),
        )

    @router.post("/sign-in")
    async def sign_in(
        request: Request,
        role: Annotated[Role, Form()],
        municipality: Annotated[str, Form()] = "",
        cvr: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",  # noqa: A002 # in addresses
    ) -> Response:
        _refuse_foreign(request)
        token = _token(issuer, role, municipality, cvr)
        answer = RedirectResponse(_local(next), 303)
        seconds = int(SESSION_LIFETIME.total_seconds())
        answer.set_cookie(SESSION_COOKIE, token, max_age=seconds, **_cookie(request))
        return answer

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        _refuse_foreign(request)
        session = request.cookies.get(SESSION_COOKIE)
        if session is not None and not await carries_token(request, session):
            raise forged(STALE)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(SESSION_COOKIE, **_cookie(request))
        return answer

    return router


def _refuse_foreign(request: Request) -> None:
    """Nobody else's page signs our users in or out: as whom they act is for them to choose."""
    if comes_from_elsewhere(request):
        raise forged(FOREIGN)


def _token(issuer: DevelopmentIssuer, role: Role, municipality: str, cvr: str) -> str:
    """A token like any other, to be kept in the cookie for a working day."""
    try:
        return issuer.issue_token(
            role, municipality=municipality, cvr=cvr, lifetime=SESSION_LIFETIME
        )
    except TokenRequestError as error:
        raise invalid(str(error)) from error


class _Cookie(TypedDict):
    """Out of reach of scripts and of other sites, and of the network where there is TLS."""

    path: str
    httponly: bool
    samesite: Literal["strict"]
    secure: bool


def _cookie(request: Request) -> _Cookie:
    secure = request.url.scheme == "https"
    return _Cookie(path="/", httponly=True, samesite="strict", secure=secure)


def _local(path: str) -> str:
    """A path on this host, whatever was asked for: never a way to somebody else's page."""
    return path if path.startswith("/") and path[1:2] not in {"/", "\\"} else "/"
