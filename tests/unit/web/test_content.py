"""Content is taken whole, within limits, as strict JSON, or refused without repeating it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, cast

import httpx
import pytest
from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.contracts.fields import Day, EmailAddress, PlacementId, ShortText
from shared.web.body import FromJson
from tests.support.web import app_with, client_of, problem_in

BYTES_MAX = 1000
SECRET = "hunter2-610180-1234"
PASSWORD = "correct horse"


def refuse_everything(text: str) -> str:
    raise ValueError(f"{text!r} is not good")


class Thing(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    number: int
    word: Annotated[str, AfterValidator(refuse_everything)] = ""
    day: Day | None = None
    note: ShortText | None = None
    mail: EmailAddress | None = None
    placement: PlacementId | None = None


def routes(router: APIRouter) -> None:
    @router.post("/things/{name}")
    async def make(name: str, thing: FromJson[Thing]) -> int:
        return thing.number

    @router.post("/bytes")
    async def count(request: Request) -> int:
        return len(await request.body())


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(routes, content_bytes_max=BYTES_MAX)) as anybody:
        yield anybody


async def test_invalid_content_says_where_and_why_but_not_what(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things/a", json={"number": SECRET, "word": PASSWORD, SECRET: 1})
    body = problem_in(answer, 422, "invalid-request")
    errors = cast("list[dict[str, str]]", body["errors"])
    assert [(error["place"], error["kind"]) for error in errors][:2] == [
        ("body.number", "int_type"),
        ("body.word", "value_error"),
    ]
    assert "610180" not in answer.text
    assert "is not good" in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("day", "0001-01-01", "greater than or equal to 1900-01-01"),
        ("day", "9999-12-31", "less than or equal to 2199-12-31"),
        ("note", "a\0b", "control or other invisible characters"),
        ("mail", "navn@brød.dk", "one plain mail address"),
        ("placement", "00043", "such as 0101/2017-00042"),
    ],
)
async def test_what_does_not_fit_is_told_in_plain_words(
    client: httpx.AsyncClient, field: str, value: str, said: str
) -> None:
    answer = await client.post("/things/a", json={"number": 1, field: value})
    (error,) = cast("list[dict[str, str]]", problem_in(answer, 422, "invalid-request")["errors"])
    assert error["place"] == f"body.{field}"
    assert said in error["message"]
    page = await client.post(
        "/things/a", json={"number": 1, field: value}, headers={"Accept": "text/html"}
    )
    assert said in page.text


async def test_a_missing_body_is_a_problem(client: httpx.AsyncClient) -> None:
    problem_in(await client.post("/things/a"), 422, "invalid-request")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", ";"])
async def test_json_that_is_not_said_to_be_json_is_told_so(
    client: httpx.AsyncClient, kind: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await client.post("/things/a", content=b'{"number": 1}', headers=headers)
    assert "application/json" in str(problem_in(answer, 415, "media-type-unsupported")["detail"])


@pytest.mark.parametrize("value", [b'"\\ud800"', b"[" * 300 + b"]" * 300])
async def test_json_that_no_model_can_see_is_refused_in_plain_words(
    client: httpx.AsyncClient, value: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/things/a", content=b'{"x": ' + value + b"}", headers=headers)
    problem_in(answer, 422, "invalid-request")
    assert "half a character" in answer.text
    assert "Error" not in answer.text


@pytest.mark.parametrize("content", [b'{"number": 1, "number": 2}', b'{"number": 1', b"[NaN]"])
async def test_loose_json_is_refused_before_a_route_sees_it(
    client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await client.post(
        "/things/a", content=content, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    problem_in(answer, 400, "not-json")


async def test_content_up_to_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/bytes", content=b"x" * BYTES_MAX)).json() == BYTES_MAX


async def test_content_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/bytes", content=b"x" * (BYTES_MAX + 1))
    problem_in(answer, 413, "content-too-large")


async def test_content_of_unsaid_length_is_cut_at_the_limit(client: httpx.AsyncClient) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 100
            yield b"x" * 100

    problem_in(await client.post("/bytes", content=endless()), 413, "content-too-large")
    assert given <= BYTES_MAX + 200


async def test_content_said_to_be_too_long_is_not_even_read(client: httpx.AsyncClient) -> None:
    read = []

    async def content() -> AsyncIterator[bytes]:
        read.append("a piece")
        yield b"x"

    headers = {"Content-Length": str(BYTES_MAX + 1)}
    answer = await client.post("/bytes", content=content(), headers=headers)
    problem_in(answer, 413, "content-too-large")
    assert read == []


@pytest.mark.parametrize("length", [b"-1", b"ten", b"1e3", b"\xb2"])
async def test_a_length_that_is_no_number_is_refused(
    client: httpx.AsyncClient, length: bytes
) -> None:
    headers = [(b"Content-Length", length)]
    answer = await client.post("/bytes", content=b"x", headers=headers)
    problem_in(answer, 413, "content-too-large")


async def test_compressed_content_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/bytes", content=b"x", headers={"Content-Encoding": "gzip"})
    problem_in(answer, 415, "encoding-unsupported")
