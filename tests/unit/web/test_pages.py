"""Pages stand in one frame, in the reader's language, and show nothing unescaped."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.observability.metrics import Metrics
from shared.web.app import Application, WebParts, build_app
from shared.web.pages import Language, PageLink, render
from tests.support.web import NamedTokens, client_of

PAGE = """
{% extends "frame.html" %}
{% block title %}Figures{% endblock %}
{% block content %}<h1>{{ company }}</h1><p>{{ amount | kroner(language) }}</p>{% endblock %}
"""
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def app(tmp_path: Path) -> Application:
    (tmp_path / "figures.html").write_text(PAGE)
    (tmp_path / "forgetful.html").write_text("{{ never_given }}")
    router = APIRouter()

    @router.get("/figures/{language}")
    async def figures(request: Request, language: Language, company: str) -> Response:
        page = "evaluation/figures.html"
        return render(request, page, language=language, company=company, amount=4_000_000)

    @router.get("/forgetful")
    async def forgetful(request: Request) -> Response:
        return render(request, "evaluation/forgetful.html")

    parts = WebParts(
        title="Under test",
        routers=[router],
        templates={"evaluation": tmp_path},
        navigation=[
            PageLink("/figures/da", en="Danish", da="Tal"),
            PageLink("/figures/en", en="Figures", da="Engelsk"),
        ],
        sign_in_path="/issuer/sign-in",
    )
    return build_app(parts, authenticator=NamedTokens(), metrics=Metrics())


class Addresses(HTMLParser):
    """Every address a page makes a browser fetch or follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in {"href", "src", "action"}:
                self.found.append(value or "")
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
        if tag in {"script", "style"}:
            self.inline.append(tag)


@pytest.mark.parametrize(
    ("language", "skip", "sign_in", "amount"),
    [
        ("da", "Spring til indhold", "Log ind", "40.000"),
        ("en", "Skip to content", "Sign in", "40,000"),
    ],
)
async def test_the_frame_speaks_the_readers_language(
    app: Application, language: str, skip: str, sign_in: str, amount: str
) -> None:
    async with client_of(app) as client:
        page = await client.get(f"/figures/{language}", params={"company": "Eksempel A/S"})
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    for text in (skip, sign_in, amount, "<title>Figures · Sammen</title>"):
        assert text in page.text
    query = "?language=da" if language == "da" else ""
    assert f'<a href="/figures/{language}{query}" aria-current="page">' in page.text
    assert page.text.count("aria-current") == 1


async def test_a_page_fetches_nothing_from_elsewhere_and_runs_nothing_inline(
    app: Application,
) -> None:
    async with client_of(app) as client:
        page = await client.get("/figures/da", params={"company": "x"})
        addresses = Addresses(page.text)
        assert all(address.startswith(("/", "#")) for address in addresses.found)
        assert addresses.inline == []
        styles = [address for address in addresses.found if address.startswith("/static/")]
        assert len(styles) == 2
        for address in styles:
            assert (await client.get(address)).status_code == 200


async def test_what_others_wrote_is_escaped(app: Application) -> None:
    async with client_of(app) as client:
        page = await client.get("/figures/da", params={"company": HOSTILE})
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_a_page_that_was_not_given_what_it_names_is_a_mistake(app: Application) -> None:
    async with client_of(app) as client:
        assert (await client.get("/forgetful")).status_code == 500


async def test_who_is_signed_in_may_change_who_that_is(app: Application) -> None:
    async with client_of(app, Cookie="sammen_session=caseworker") as client:
        page = await client.get("/figures/en", params={"company": "x"})
    assert "Change user" in page.text
