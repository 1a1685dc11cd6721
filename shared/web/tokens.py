"""Bearer tokens are verified as real ones, whoever issued them: OpenID discovery, then JWKS.

Only ES256. `exp`, `iss`, `aud` and `sub` must be there, the audience is `sammen`, clocks may
differ by 30 seconds. Keys are kept by id. When the issuer can't be reached, the keys known
are believed for an hour after they were last confirmed; after that nobody is let in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, cast

import httpx
import jwt
from jwt import PyJWK

from shared.observability.logs import Log
from shared.values.cvr import InvalidCvrNumberError, parse_cvr
from shared.values.municipalities import InvalidMunicipalityCodeError, parse_municipality_code
from shared.values.persons import contains_person_number
from shared.web.identity import ROLES, Identity, IssuerUnreachableError, TokenRefusedError

LOG = Log(__name__)

AUDIENCE: Final = "sammen"
ALGORITHM: Final = "ES256"
CURVE: Final = "P-256"
LEEWAY_SECONDS: Final = 30
TOKEN_CHARACTERS_MAX: Final = 8192
SUBJECT_CHARACTERS_MAX: Final = 255
"""OpenID Connect Core 1.0, section 2, on `sub`."""
KEYS_FRESH_SECONDS: Final = 300.0
"""Keys older than this are asked for again at the next token."""
KEYS_BELIEVED_SECONDS: Final = 3600.0
"""Keys older than this are believed no more."""
REFRESH_PAUSE_SECONDS: Final = 10.0
"""The issuer is asked no more often than this, whatever key ids callers make up."""
ANSWER_SECONDS_MAX: Final = 5.0
ANSWER_BYTES_MAX: Final = 256 * 1024


class JwtAuthenticator:
    """Verifies tokens of one issuer."""

    def __init__(
        self,
        issuer: str,
        *,
        seconds: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`seconds` is a clock that never runs back; `transport` replaces the network in tests."""
        self._issuer = issuer
        self._seconds = seconds
        self._transport = transport
        self._keys: Mapping[str, PyJWK] = {}
        self._confirmed_at: float | None = None
        self._asked_at = float("-inf")
        self._refreshing = asyncio.Lock()

    async def identify(self, token: str) -> Identity:
        """Who holds this token. Raises TokenRefusedError or IssuerUnreachableError."""
        key = await self._key(_key_id(token))
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError(_reason(error)) from error
        return _identity(claims)

    async def _key(self, key_id: str) -> PyJWK:
        if self._age() > KEYS_FRESH_SECONDS or key_id not in self._keys:
            await self._refresh(key_id)
        if self._age() > KEYS_BELIEVED_SECONDS:
            raise IssuerUnreachableError(f"{self._issuer} has not answered for too long")
        if key_id not in self._keys:
            raise TokenRefusedError("its key id is not the issuer's")
        return self._keys[key_id]

    def _age(self) -> float:
        """Seconds since the keys were last confirmed; endless before the first time."""
        return float("inf") if self._confirmed_at is None else self._seconds() - self._confirmed_at

    async def _refresh(self, key_id: str) -> None:
        """Ask for the keys, unless that was done a moment ago; failing leaves what is known."""
        async with self._refreshing:
            if key_id in self._keys and self._age() <= KEYS_FRESH_SECONDS:
                return
            if self._seconds() - self._asked_at < REFRESH_PAUSE_SECONDS:
                return
            self._asked_at = self._seconds()
            try:
                self._keys = await self._fetch()
                self._confirmed_at = self._seconds()
            except (httpx.HTTPError, ValueError) as error:
                LOG.warning("issuer_unreachable", issuer=self._issuer, detail=str(error))

    async def _fetch(self) -> Mapping[str, PyJWK]:
        """The issuer's keys by id. Raises httpx.HTTPError or ValueError."""
        async with httpx.AsyncClient(
            timeout=ANSWER_SECONDS_MAX, follow_redirects=False, transport=self._transport
        ) as client:
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            discovery = await _get_object(client, address)
            if discovery.get("issuer") != self._issuer:
                raise ValueError(f"the discovery document names {discovery.get('issuer')!r}")
            key_set = await _get_object(client, str(discovery.get("jwks_uri")))
        return _usable_keys(key_set)


async def _get_object(client: httpx.AsyncClient, address: str) -> dict[str, object]:
    answer = (await client.get(address)).raise_for_status()
    if len(answer.content) > ANSWER_BYTES_MAX:
        raise ValueError(f"{address} answers with {len(answer.content)} bytes")
    content = answer.json()
    if not isinstance(content, dict):
        raise ValueError(f"{address} doesn't answer with a JSON object")
    return cast("dict[str, object]", content)


def _usable_keys(key_set: Mapping[str, object]) -> Mapping[str, PyJWK]:
    """The signing keys that fit ES256; others are left out, and so is anything malformed."""
    listed = key_set.get("keys")
    entries = (
        [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    )
    keys = {
        entry["kid"]: key
        for entry in entries
        if isinstance(entry.get("kid"), str) and (key := _usable_key(entry)) is not None
    }
    if not keys:
        raise ValueError(f"the issuer publishes no key for {ALGORITHM}")
    return keys


def _usable_key(entry: dict[str, object]) -> PyJWK | None:
    """The key, None when it is for something else or can't be read."""
    if (entry.get("kty"), entry.get("crv")) != ("EC", CURVE):
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHM) != ALGORITHM:
        return None
    try:
        return PyJWK(entry, ALGORITHM)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def _key_id(token: str) -> str:
    """The key id the token claims; nothing about it is believed yet."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise TokenRefusedError("it is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise TokenRefusedError("it is not a JWT") from error
    if header.get("alg") != ALGORITHM:
        raise TokenRefusedError(f"only {ALGORITHM} is accepted")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise TokenRefusedError("it names no key")
    return key_id


def _identity(claims: Mapping[str, object]) -> Identity:
    """The caller the claims describe. Raises TokenRefusedError when they describe none."""
    subject, role = claims["sub"], claims.get("role")
    if not isinstance(subject, str) or not subject:
        raise TokenRefusedError("`sub` is empty")
    if len(subject) > SUBJECT_CHARACTERS_MAX or not subject.isprintable():
        raise TokenRefusedError("`sub` is too long, or holds characters that don't print")
    if contains_person_number(subject):
        raise TokenRefusedError("`sub` holds a civil registration number, and would be kept")
    if role not in ROLES:
        raise TokenRefusedError("`role` is none of Sammen's")
    municipality, cvr = claims.get("municipality"), claims.get("cvr")
    return Identity(
        subject=subject,
        role=role,
        municipality=_municipality(municipality) if role == "municipality" else None,
        cvr=_cvr(cvr) if role == "company" else None,
    )


def _municipality(code: object) -> str:
    try:
        return parse_municipality_code(str(code))
    except InvalidMunicipalityCodeError as error:
        raise TokenRefusedError("`municipality` is not a municipality's code") from error


def _cvr(number: object) -> str:
    try:
        return parse_cvr(str(number))
    except InvalidCvrNumberError as error:
        raise TokenRefusedError("`cvr` is not a company's number") from error


def _reason(error: jwt.InvalidTokenError) -> str:
    """What is wrong, in words that tell nothing of keys."""
    match error:
        case jwt.ExpiredSignatureError():
            return "it has expired"
        case jwt.ImmatureSignatureError():
            return "it is not valid yet"
        case jwt.InvalidAudienceError():
            return f"it is not for the audience `{AUDIENCE}`"
        case jwt.InvalidIssuerError():
            return "it comes from another issuer"
        case jwt.MissingRequiredClaimError():
            return f"it has no `{error.claim}`"
        case _:
            return "its signature or form is wrong"
