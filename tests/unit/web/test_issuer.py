"""The development issuer: a key only its owner can read, and a page to choose whom to be on."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Depends

from shared.observability.metrics import Metrics
from shared.runtime.clock import SystemClock
from shared.web.app import Application, WebParts, build_app
from shared.web.forms import form_token
from shared.web.identity import SESSION_COOKIE, Identity, Role, allow, allow_page
from shared.web.issuer import (
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
    DevelopmentIssuer,
    TokenRequestError,
    _create_key,
    issuer_router,
    load_key,
)
from shared.web.tokens import JwtAuthenticator

ADDRESS = "http://sammen.test/issuer"


@pytest.fixture
def app() -> Application:
    """An application that serves its own issuer, and checks tokens by asking itself."""
    issuer = DevelopmentIssuer(ADDRESS, ec.generate_private_key(ec.SECP256R1()), SystemClock())
    routes = APIRouter()

    @routes.get("/page")
    async def page(caller: Annotated[Identity, Depends(allow_page())]) -> dict[str, object]:
        return {"role": caller.role, "cvr": caller.cvr, "subject": caller.subject}

    @routes.get("/data")
    async def data(caller: Annotated[Identity, Depends(allow())]) -> str:
        return caller.subject

    application: Application
    parts = WebParts(
        "Under test",
        [routes, issuer_router(issuer)],
        sign_in_path=SIGN_IN_PATH,
        sign_out_path=SIGN_OUT_PATH,
    )
    authenticator = JwtAuthenticator(ADDRESS, transport=Itself(lambda: application))
    application = build_app(parts, authenticator=authenticator, metrics=Metrics())
    application.state.issuer = issuer
    return application


class Itself(httpx.AsyncBaseTransport):
    """A network in which there is only the application itself."""

    def __init__(self, find: object) -> None:
        self._find = find

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert callable(self._find)
        return await httpx.ASGITransport(self._find()).handle_async_request(request)


@pytest.fixture
async def browser(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sammen.test") as client:
        yield client


def session_token(browser: httpx.AsyncClient) -> str:
    """What our own page puts into a form of the session the browser is in."""
    return form_token(browser.cookies[SESSION_COOKIE])


async def test_a_token_is_checked_by_discovery_and_keys(
    app: Application, browser: httpx.AsyncClient
) -> None:
    token = app.state.issuer.issue_token("company", cvr="DK 99000007", subject="c-9")
    answer = await browser.get("/data", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == "c-9"


async def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.post(
        SIGN_IN_PATH, data={"role": "company", "cvr": "99000007", "next": "/page"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/page")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await browser.get("/page")).json() == {
        "role": "company",
        "cvr": "99000007",
        "subject": "development:company:99000007",
    }
    assert (await browser.get("/data")).status_code == 401


async def test_signing_out_takes_the_cookie_back(browser: httpx.AsyncClient) -> None:
    await browser.post(SIGN_IN_PATH, data={"role": "caseworker"})
    assert (await browser.get("/page")).status_code == 200
    answer = await browser.post(SIGN_OUT_PATH, data={"form_token": session_token(browser)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/page")).status_code == 401


@pytest.mark.parametrize("given", [{}, {"form_token": form_token("another session")}])
async def test_nobody_else_signs_a_user_out(
    browser: httpx.AsyncClient, given: dict[str, str]
) -> None:
    await browser.post(SIGN_IN_PATH, data={"role": "caseworker"})
    assert (await browser.post(SIGN_OUT_PATH, data=given)).status_code == 403
    mine = {"form_token": session_token(browser)}
    answer = await browser.post(SIGN_OUT_PATH, data=mine, headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403
    assert (await browser.get("/page")).status_code == 200


async def test_nobody_else_signs_a_user_in(browser: httpx.AsyncClient) -> None:
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await browser.post(SIGN_IN_PATH, data={"role": "caseworker"}, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


async def test_over_tls_the_cookie_never_leaves_it(browser: httpx.AsyncClient) -> None:
    plain = await browser.post(SIGN_IN_PATH, data={"role": "caseworker"})
    secure = await browser.post(f"https://sammen.test{SIGN_IN_PATH}", data={"role": "caseworker"})
    assert "Secure" in secure.headers["set-cookie"]
    assert "Secure" not in plain.headers["set-cookie"]


async def test_the_frame_signs_out_whoever_is_signed_in(browser: httpx.AsyncClient) -> None:
    assert "Sign out" not in (await browser.get(SIGN_IN_PATH)).text
    await browser.post(SIGN_IN_PATH, data={"role": "caseworker"})
    page = (await browser.get(SIGN_IN_PATH)).text
    assert f'action="{SIGN_OUT_PATH}"' in page
    assert session_token(browser) in page


async def test_nobody_signs_in_as_a_municipality_that_is_none(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(SIGN_IN_PATH, data={"role": "municipality", "municipality": "1"})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["//evil.test", "http://evil.test", "/\\evil.test", "", "evil"])
async def test_signing_in_never_leads_elsewhere(browser: httpx.AsyncClient, target: str) -> None:
    answer = await browser.post(SIGN_IN_PATH, data={"role": "caseworker", "next": target})
    assert answer.headers["location"] == "/"
    assert (
        'name="next" value="/"' in (await browser.get(SIGN_IN_PATH, params={"next": target})).text
    )


async def test_the_page_offers_all_municipalities(browser: httpx.AsyncClient) -> None:
    page = await browser.get(SIGN_IN_PATH)
    assert page.text.count("<option") == 98 + 1


def test_the_key_is_kept_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "deeper" / "issuer.key"
    first, again = load_key(file), load_key(file)
    assert first.private_numbers() == again.private_numbers()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["issuer.key"]


def test_a_process_that_lost_the_race_uses_the_key_of_the_one_that_won(tmp_path: Path) -> None:
    file = tmp_path / "issuer.key"
    won = load_key(file)
    _create_key(file)  # as a process does that found no key a moment before
    assert load_key(file).private_numbers() == won.private_numbers()
    assert [entry.name for entry in tmp_path.iterdir()] == ["issuer.key"]


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("emperor", {}),
        ("municipality", {}),
        ("municipality", {"municipality": "9999"}),
        ("company", {"cvr": "99000008"}),
    ],
)
def test_the_issuer_makes_no_token_that_would_be_refused(role: Role, told: dict[str, str]) -> None:
    issuer = DevelopmentIssuer(ADDRESS, ec.generate_private_key(ec.SECP256R1()), SystemClock())
    with pytest.raises(TokenRequestError):
        issuer.issue_token(role, municipality=told.get("municipality"), cvr=told.get("cvr"))
