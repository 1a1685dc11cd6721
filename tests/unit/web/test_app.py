"""Every answer keeps the same rules: problems for refusals, limits, and headers for browsers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.database import DatabaseUnavailableError
from shared.web.app import Application
from shared.web.body import FromJson
from shared.web.identity import Identity, allow, allow_form, allow_page
from shared.web.middleware import Bounded
from shared.web.pages import render
from shared.web.problems import Problem, not_found
from tests.support.web import app_with, client_of, problem_in

SECRET = "hunter2-610180-1234"


class Thing(BaseModel):
    number: int


def routes(router: APIRouter) -> None:
    @router.post("/things/{name}")
    async def make(name: str, thing: FromJson[Thing]) -> int:
        return thing.number

    @router.get("/nowhere")
    async def nowhere() -> None:
        raise not_found("There is no such thing.")

    @router.get("/odd")
    async def odd() -> None:
        raise Problem("odd", "Odd", 418, headers={"Retry-After": "9"}, colour="green")

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError(SECRET)

    @router.get("/away")
    async def away() -> None:
        raise DatabaseUnavailableError(SECRET)

    @router.get("/mine")
    async def mine(caller: Annotated[Identity, Depends(allow("company", "caseworker"))]) -> str:
        return caller.subject

    @router.post("/form")
    async def form(caller: Annotated[Identity, Depends(allow_form("caseworker"))]) -> str:
        return caller.subject

    @router.get("/page")
    async def page(
        request: Request, caller: Annotated[Identity, Depends(allow_page("caseworker"))]
    ) -> object:
        return render(request, "problem.html", problem=not_found(f"<b>{caller.subject}</b>"))

    @router.post("/page")
    async def change(caller: Annotated[Identity, Depends(allow_page("caseworker"))]) -> str:
        return caller.subject


@pytest.fixture
def app() -> Application:
    return app_with(routes)


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as anybody:
        yield anybody


async def test_a_refusal_of_ours_is_a_problem(client: httpx.AsyncClient) -> None:
    body = problem_in(await client.get("/nowhere"), 404, "not-found")
    assert body["detail"] == "There is no such thing."


async def test_a_problem_carries_its_headers_and_members(client: httpx.AsyncClient) -> None:
    answer = await client.get("/odd")
    assert problem_in(answer, 418, "odd")["colour"] == "green"
    assert answer.headers["retry-after"] == "9"


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    problem_in(await client.get("/static/nothing.css"), 404, "not-found")
    problem_in(await client.get("/things"), 404, "not-found")


async def test_an_address_nobody_has_says_where_the_others_are(client: httpx.AsyncClient) -> None:
    body = problem_in(await client.get("/odd/"), 404, "not-found")
    assert "/openapi.json" in str(body["detail"])


@pytest.mark.parametrize("path", ["/odd", "/static/sammen.css", "/openapi.json", "/page", "/no"])
async def test_asking_for_the_head_only_is_asking_without_the_content(
    app: Application, path: str
) -> None:
    async with client_of(app, "caseworker") as client:
        whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.headers, head.content) == (whole.status_code, whole.headers, b"")
    assert 'method="HEAD"' in app.state.metrics.exposition().decode()


async def test_more_requests_than_there_is_room_for_are_asked_to_come_again() -> None:
    arrived, leave = asyncio.Event(), asyncio.Event()

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        arrived.set()
        await leave.wait()
        await Response("done")(scope, receive, send)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Bounded(wait, requests_max=1)), base_url="http://sammen.test"
    ) as client:
        first = asyncio.create_task(client.get("/"))
        await arrived.wait()
        refused = await client.get("/")
        problem_in(refused, 503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        leave.set()
        assert (await first).status_code == (await client.get("/")).status_code == 200


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.delete("/things/a")
    problem_in(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_mistake_of_ours_tells_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")
    problem_in(answer, 500, "internal-error")
    assert "hunter2" not in answer.text
    assert "Error" not in answer.text


async def test_a_database_that_is_away_is_a_reason_to_ask_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/away")
    problem_in(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/broken", "/static/sammen.css", "/things", "/page"])
async def test_every_answer_keeps_browsers_safe(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


async def test_answers_are_counted_by_route_and_never_by_address(app: Application) -> None:
    async with client_of(app) as client:
        await client.post("/things/610180-1234", json={"number": 1})
        await client.get("/610180-1234")
        await client.request("BREW", "/things/a")
    text = app.state.metrics.exposition().decode()
    counted = 'sammen_http_requests_total{method="POST",route="/things/{name}",status="200"} 1.0'
    assert counted in text
    assert 'method="GET",route="unmatched",status="404"' in text
    assert 'method="other"' in text
    said = re.sub(r" \S+$", "", text, flags=re.MULTILINE)  # a measured time may hold any digits
    assert "610180" not in said


@pytest.mark.parametrize(
    ("token", "status", "slug"),
    [
        (None, 401, "unauthenticated"),
        ("nobody", 401, "unauthenticated"),
        ("municipality", 403, "forbidden"),
        ("unreachable", 503, "issuer-unreachable"),
    ],
)
async def test_who_may_not_is_turned_away_and_counted(
    app: Application, token: str | None, status: int, slug: str
) -> None:
    async with client_of(app, token) as client:
        answer = await client.get("/mine")
    problem_in(answer, status, slug)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert "sammen_access_denied_total{" in app.state.metrics.exposition().decode()


async def test_who_may_is_known_by_the_token(app: Application) -> None:
    async with client_of(app, "company") as client:
        assert (await client.get("/mine")).json() == "c-1"


async def test_a_cookie_counts_on_pages_and_only_for_looking(app: Application) -> None:
    cookie = {"Cookie": "sammen_session=caseworker"}
    async with client_of(app, **cookie) as client:
        assert (await client.get("/page")).status_code == 200
        assert (await client.post("/page")).status_code == 401
        assert (await client.get("/mine")).status_code == 401


async def test_pages_escape_what_is_put_into_them(app: Application) -> None:
    async with client_of(app, "caseworker") as client:
        page = await client.get("/page")
    assert "&lt;b&gt;w-1&lt;/b&gt;" in page.text
    assert "<b>" not in page.text
    assert '<html lang="en">' in page.text


async def test_browsers_are_refused_by_a_page_that_shows_the_way_in(app: Application) -> None:
    async with client_of(app, Accept="text/html,*/*;q=0.8") as client:
        page = await client.get("/page")
    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/issuer/sign-in?next=/page"' in page.text


async def test_signing_in_leads_back_to_the_page_as_it_was_asked_for(app: Application) -> None:
    way_back = 'href="/issuer/sign-in?next=/page%3Femployer%3D99000007%26language%3Dda"'
    asked = "/page?employer=99000007&language=da"
    async with client_of(app, Accept="text/html") as client:
        page = await client.get(asked)
        address = str(client.base_url).rstrip("/")
        sent = await client.post("/form", headers={"Referer": f"{address}{asked}"})
        foreign = await client.post("/form", headers={"Referer": f"https://other.example{asked}"})
    for answer in (page, sent):
        assert answer.status_code == 401
        assert way_back in answer.text
        assert '<html lang="da">' in answer.text
        assert '<div lang="en">\n<h1>Who are you?' in answer.text
        assert "Log ind</a>" in answer.text
    assert 'href="/issuer/sign-in?next=/"' in foreign.text


async def test_another_method_is_refused_with_the_one_there_is(client: httpx.AsyncClient) -> None:
    answer = await client.put("/nowhere")
    assert problem_in(answer, 405, "method-not-allowed")["detail"] == "This address takes GET."
    assert answer.headers["allow"] == "GET"


async def test_the_document_describes_bodies_callers_and_problems(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    make = document["paths"]["/things/{name}"]["post"]
    body = make["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Thing"}
    problem = make["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert "errors" in document["components"]["schemas"]["Problem"]["properties"]
    assert document["paths"]["/mine"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_no_documentation_loads_scripts_from_elsewhere(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 404
    assert (await client.get("/redoc")).status_code == 404
