"""Forged, foreign and worn-out tokens open nothing; an issuer that is away closes, never opens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.runtime.clock import SystemClock
from shared.web.identity import Identity, IssuerUnreachableError, TokenRefusedError
from shared.web.issuer import DevelopmentIssuer
from shared.web.tokens import (
    KEYS_BELIEVED_SECONDS,
    KEYS_FRESH_SECONDS,
    LEEWAY_SECONDS,
    REFRESH_PAUSE_SECONDS,
    JwtAuthenticator,
)

ADDRESS = "http://issuer.test"
KEY = ec.generate_private_key(ec.SECP256R1())
STRANGERS_KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER = DevelopmentIssuer(ADDRESS, KEY, SystemClock())
KEY_ID = jwt.get_unverified_header(ISSUER.issue_token("caseworker"))["kid"]
PUBLIC_PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


class Issuer:
    """The issuer's web site, which can go away and change its keys."""

    def __init__(self, issuer: DevelopmentIssuer = ISSUER) -> None:
        self.issuer, self.away = issuer, False
        self.broken: dict[str, object] | None = None
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("away")
        if request.url.path.endswith("/jwks"):
            return httpx.Response(200, json=self.broken or self.issuer.key_set())
        return httpx.Response(200, json=self.issuer.discovery())


class Seconds:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def authenticator(site: Issuer, seconds: Seconds | None = None) -> JwtAuthenticator:
    transport = httpx.MockTransport(site)
    return JwtAuthenticator(ADDRESS, seconds=seconds or Seconds(), transport=transport)


def claims(**changed: object) -> dict[str, Any]:
    """Good claims of a caseworker; None leaves one out."""
    now = datetime.now(UTC)
    good = {
        "iss": ADDRESS,
        "aud": "sammen",
        "sub": "somebody",
        "role": "caseworker",
        "exp": now + timedelta(minutes=5),
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def signed(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = KEY,
    algorithm: str = "ES256",
    kid: str | None = KEY_ID,
    **changed: object,
) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changed), key, algorithm, headers=headers)


def by_hand(header: dict[str, object], sign: Callable[[bytes], bytes]) -> str:
    """A token no library would make."""
    body = claims()
    body["exp"] = int(body["exp"].timestamp())
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, body)]
    text = b".".join(part.rstrip(b"=") for part in parts)
    return (text + b"." + base64.urlsafe_b64encode(sign(text)).rstrip(b"=")).decode()


def hmac_with_the_public_key(text: bytes) -> bytes:
    return hmac.new(PUBLIC_PEM, text, hashlib.sha256).digest()


def ago(**past: float) -> datetime:
    return datetime.now(UTC) - timedelta(**past)


# A token tells whole seconds, those of our clock rounded down, and checking takes a moment too.
TOO_EARLY_SECONDS = LEEWAY_SECONDS + 5

FORGED: dict[str, Callable[[], str]] = {
    "expired": lambda: signed(exp=ago(seconds=31)),
    "not valid yet": lambda: signed(nbf=ago(seconds=-TOO_EARLY_SECONDS)),
    "issued in the future": lambda: signed(iat=ago(seconds=-TOO_EARLY_SECONDS)),
    "another audience": lambda: signed(aud="somebody-else"),
    "another issuer": lambda: signed(iss="http://issuer.test.evil"),
    "no expiry": lambda: signed(exp=None),
    "no issuer": lambda: signed(iss=None),
    "no audience": lambda: signed(aud=None),
    "no subject": lambda: signed(sub=None),
    "empty subject": lambda: signed(sub=""),
    "subject is a number": lambda: signed(sub=7),
    "a subject PostgreSQL can't hold": lambda: signed(sub="a\0b"),
    "a subject with half a character": lambda: signed(sub="a\ud800"),
    "a subject longer than any": lambda: signed(sub="a" * 256),
    "a person number as subject": lambda: signed(sub="cpr:610180-1234"),
    "expiry is a word": lambda: signed(exp="tomorrow"),
    "no role": lambda: signed(role=None),
    "a role of its own": lambda: signed(role="emperor"),
    "roles in a list": lambda: signed(role=["caseworker"]),
    "municipality without a code": lambda: signed(role="municipality"),
    "municipality that isn't one": lambda: signed(role="municipality", municipality="9999"),
    "company without a number": lambda: signed(role="company"),
    "company with a wrong check digit": lambda: signed(role="company", cvr="99000008"),
    "a stranger's key": lambda: signed(STRANGERS_KEY),
    "an unknown key": lambda: signed(STRANGERS_KEY, kid="unknown"),
    "no key named": lambda: signed(kid=None),
    "a key named by a path": lambda: signed(STRANGERS_KEY, kid="../../../dev/null"),
    "a key named by an address": lambda: signed(STRANGERS_KEY, kid="http://evil.test/key"),
    "no algorithm": lambda: by_hand({"alg": "none", "kid": KEY_ID}, lambda _: b""),
    "no algorithm in capitals": lambda: by_hand({"alg": "NONE", "kid": KEY_ID}, lambda _: b""),
    "the public key as a secret": lambda: by_hand(
        {"alg": "HS256", "kid": KEY_ID}, hmac_with_the_public_key
    ),
    "another algorithm": lambda: signed(
        rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"
    ),
    "an empty signature": lambda: by_hand({"alg": "ES256", "kid": KEY_ID}, lambda _: b""),
    "a signature of zeros": lambda: by_hand({"alg": "ES256", "kid": KEY_ID}, lambda _: bytes(64)),
    "a must that nobody knows": lambda: jwt.encode(
        claims(), KEY, "ES256", headers={"kid": KEY_ID, "crit": ["bork"], "bork": 1}
    ),
    "its own key inside": lambda: jwt.encode(
        claims(),
        STRANGERS_KEY,
        "ES256",
        headers={
            "kid": "mine",
            "jwk": DevelopmentIssuer(ADDRESS, STRANGERS_KEY, SystemClock()).key_set(),
            "jku": "http://evil.test/jwks",
        },
    ),
    "garbage": lambda: "garbage",
    "nothing": lambda: "",
    "three dots": lambda: "...",
    "too long": lambda: "a" * 10_000,
    "cut short": lambda: ISSUER.issue_token("caseworker")[:-4],
    "two tokens": lambda: f"{signed()} {signed()}",
}


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_opens_nothing(make: Callable[[], str]) -> None:
    with pytest.raises(TokenRefusedError) as refused:
        await authenticator(Issuer()).identify(make())
    assert str(refused.value)


@pytest.mark.parametrize(
    ("token", "holder"),
    [
        (
            lambda: ISSUER.issue_token("municipality", municipality="0101", subject="m"),
            Identity("m", "municipality", municipality="0101"),
        ),
        (
            lambda: ISSUER.issue_token("company", cvr="99000007", subject="c"),
            Identity("c", "company", cvr="99000007"),
        ),
        (
            lambda: ISSUER.issue_token("finance", subject="f"),
            Identity("f", "finance"),
        ),
        (
            lambda: signed(municipality="0101", cvr="99000007"),
            Identity("somebody", "caseworker"),
        ),
        (lambda: signed(aud=["other", "sammen"]), Identity("somebody", "caseworker")),
        (lambda: signed(exp=ago(seconds=25)), Identity("somebody", "caseworker")),
    ],
)
async def test_a_good_token_says_who_holds_it(token: Callable[[], str], holder: Identity) -> None:
    assert await authenticator(Issuer()).identify(token()) == holder


async def test_keys_are_asked_for_once() -> None:
    site = Issuer()
    checker = authenticator(site)
    for _ in range(3):
        await checker.identify(signed())
    assert site.asked == 2  # the discovery document and the keys


async def test_made_up_key_ids_do_not_hammer_the_issuer() -> None:
    site, seconds = Issuer(), Seconds()
    checker = authenticator(site, seconds)
    for number in range(50):
        with pytest.raises(TokenRefusedError):
            await checker.identify(signed(STRANGERS_KEY, kid=str(number)))
    assert site.asked == 2
    seconds.now += REFRESH_PAUSE_SECONDS
    with pytest.raises(TokenRefusedError):
        await checker.identify(signed(STRANGERS_KEY, kid="once more"))
    assert site.asked == 4


async def test_a_new_key_of_the_issuer_is_found_and_its_old_one_forgotten() -> None:
    site, seconds = Issuer(), Seconds()
    checker = authenticator(site, seconds)
    await checker.identify(signed())
    site.issuer = DevelopmentIssuer(ADDRESS, STRANGERS_KEY, SystemClock())
    seconds.now += REFRESH_PAUSE_SECONDS
    await checker.identify(site.issuer.issue_token("caseworker"))
    with pytest.raises(TokenRefusedError):
        await checker.identify(signed())


async def test_known_keys_are_believed_for_a_while_and_no_longer() -> None:
    site, seconds = Issuer(), Seconds()
    checker = authenticator(site, seconds)
    await checker.identify(signed())
    site.away = True
    seconds.now += KEYS_BELIEVED_SECONDS
    assert (await checker.identify(signed())).subject == "somebody"
    seconds.now += 1
    with pytest.raises(IssuerUnreachableError):
        await checker.identify(signed())
    site.away = False
    seconds.now += REFRESH_PAUSE_SECONDS
    assert (await checker.identify(signed())).subject == "somebody"


async def test_stale_keys_are_asked_for_again() -> None:
    site, seconds = Issuer(), Seconds()
    checker = authenticator(site, seconds)
    await checker.identify(signed())
    seconds.now += KEYS_FRESH_SECONDS + 1
    await checker.identify(signed())
    assert site.asked == 4


async def test_nobody_is_let_in_while_no_key_was_ever_seen() -> None:
    site = Issuer()
    site.away = True
    with pytest.raises(IssuerUnreachableError):
        await authenticator(site).identify(signed())


@pytest.mark.parametrize(
    "key_set",
    [
        {"keys": []},
        {"keys": "none"},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": KEY_ID}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "kid": KEY_ID, "x": "!", "y": "!"}]},
        {"keys": [{**ISSUER.key_set()["keys"][0], "use": "enc"}]},  # type: ignore[index]
    ],
    ids=["empty", "text", "symmetric", "malformed", "for encryption"],
)
async def test_a_key_set_without_a_fitting_key_lets_nobody_in(key_set: dict[str, object]) -> None:
    site = Issuer()
    site.broken = key_set
    with pytest.raises(IssuerUnreachableError):
        await authenticator(site).identify(signed())


async def test_a_discovery_document_of_another_issuer_is_not_believed() -> None:
    site = Issuer(DevelopmentIssuer("http://evil.test", KEY, SystemClock()))
    with pytest.raises(IssuerUnreachableError):
        await authenticator(site).identify(signed())
