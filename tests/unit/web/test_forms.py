"""A form is taken from our own page, in the session it was made for, and from nowhere else."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Form

from shared.web.app import Application
from shared.web.forms import form_token
from shared.web.identity import Identity, allow_form, allow_page
from tests.support.web import app_with, client_of, problem_in

SESSION = {"Cookie": "sammen_session=caseworker"}
OURS = {"form_token": form_token("caseworker"), "word": "x"}


def add_routes(router: APIRouter) -> None:
    @router.post("/form")
    async def form(
        caller: Annotated[Identity, Depends(allow_form("caseworker"))],
        word: Annotated[str, Form()],
    ) -> str:
        return f"{caller.role} {word}"

    @router.get("/page")
    async def page(caller: Annotated[Identity, Depends(allow_page())]) -> str:
        return caller.role


@pytest.fixture
def app() -> Application:
    return app_with(add_routes)


async def test_a_form_of_the_session_is_taken_by_cookie(app: Application) -> None:
    async with client_of(app, **SESSION) as client:
        answer = await client.post("/form", data=OURS)
    assert (answer.status_code, answer.json()) == (200, "caseworker x")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://sammen.test"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "https://SAMMEN.example", "X-Forwarded-Host": "sammen.example"},
    ],
)
async def test_our_own_page_is_known_by_what_the_browser_says(
    app: Application, headers: dict[str, str]
) -> None:
    async with client_of(app, **SESSION) as client:
        assert (await client.post("/form", data=OURS, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "http://sammen.test.evil.test"},
        {"Origin": "http://sammen.test:81"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.test"},
    ],
)
async def test_a_form_from_another_site_is_refused_even_with_the_token(
    app: Application, headers: dict[str, str]
) -> None:
    async with client_of(app, **SESSION) as client:
        problem_in(await client.post("/form", data=OURS, headers=headers), 403, "forged-form")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"form_token": ""},
        {"form_token": "æ"},
        {"form_token": form_token("company")},
        {"form_token": form_token("caseworker")[:-1]},
    ],
)
async def test_a_form_without_the_session_s_own_token_is_refused(
    app: Application, given: dict[str, str]
) -> None:
    async with client_of(app, **SESSION) as client:
        answer = await client.post("/form", data={"word": "x", **given})
    told = problem_in(answer, 403, "forged-form")
    assert "load the page again" in str(told["detail"])


async def test_a_token_in_the_address_or_in_json_is_none(app: Application) -> None:
    async with client_of(app, **SESSION) as client:
        by_address = await client.post("/form", params=OURS, data={"word": "x"})
        assert by_address.status_code == 403
        assert (await client.post("/form", json=OURS)).status_code == 403


async def test_a_proxy_that_adds_the_token_does_not_make_a_form_ours(app: Application) -> None:
    async with client_of(app, "caseworker") as client:
        assert (await client.post("/form", data={"word": "x"})).status_code == 403
        assert (await client.post("/form", data=OURS)).status_code == 200


async def test_only_the_role_asked_for_sends_the_form(app: Application) -> None:
    async with client_of(app, Cookie="sammen_session=company") as client:
        data = {"form_token": form_token("company"), "word": "x"}
        problem_in(await client.post("/form", data=data), 403, "forbidden")
    async with client_of(app) as client:
        problem_in(await client.post("/form", data=OURS), 401, "unauthenticated")


async def test_where_nobody_sets_the_cookie_it_opens_nothing() -> None:
    app = app_with(add_routes, sign_in_path=None)
    async with client_of(app, **SESSION) as client:
        told = problem_in(await client.get("/page"), 401, "unauthenticated")
        assert "proxy" in str(told["detail"])
        assert (await client.post("/form", data=OURS)).status_code == 401
    async with client_of(app, "caseworker") as client:
        assert (await client.get("/page")).status_code == 200
        assert (await client.post("/form", data=OURS)).status_code == 200


async def test_forged_forms_are_counted(app: Application) -> None:
    async with client_of(app, **SESSION) as client:
        await client.post("/form", data={"word": "x"})
    assert 'access_denied_total{reason="forged_form"} 1.0' in (
        app.state.metrics.exposition().decode()
    )
