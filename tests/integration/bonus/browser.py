"""A browser without JavaScript: it signs in, reads a page, and sends the forms it finds there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from shared.web.identity import Role
from shared.web.issuer import SIGN_IN_PATH
from tests.integration.bonus.office import Office


@dataclass
class Form:
    """One form of a page, with what it holds before anybody types."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a browser makes of a page's text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.forms: list[Form] = []
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        self.tags.append(tag)
        self.inline += [name for name in told if name == "style" or name.startswith("on")]
        if tag == "form":
            self.forms.append(Form(told.get("action", ""), told.get("method", "get")))
        elif self.forms and told.get("name"):
            if tag == "button":
                self.forms[-1].buttons.append({told["name"]: told["value"]})
            elif tag == "input" and told.get("type") not in {"checkbox", "radio"}:
                self.forms[-1].fields[told["name"]] = told.get("value", "")

    def form(self, action: str) -> Form:
        """The first form whose action begins so."""
        found = [each for each in self.forms if each.action.startswith(action)]
        assert found, f"no form for {action} among {[each.action for each in self.forms]}"
        return found[0]


@dataclass
class Browser:
    """Somebody at a browser."""

    client: httpx.AsyncClient

    async def read(self, path: str, status: int = 200) -> Page:
        """Go to a page."""
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        return Page(answer.text)

    async def send(self, form: Form, **typed: str) -> httpx.Response:
        """Send a form with what was typed, as a browser does: it says where it comes from."""
        origin = str(self.client.base_url).rstrip("/")
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return await self.client.post(form.action, data={**form.fields, **typed}, headers=headers)

    async def send_and_see(self, form: Form, **typed: str) -> Page:
        """Send a form, and follow to the page shown then."""
        answer = await self.send(form, **typed)
        assert answer.status_code == 303, answer.text
        return await self.read(answer.headers["location"])


@asynccontextmanager
async def browser(
    office: Office, role: Role | None = None, **claims: str
) -> AsyncIterator[Browser]:
    """A browser, signed in with the role if one is named."""
    headers = {"Accept": "text/html"}
    limits = httpx.Limits(keepalive_expiry=1.0)
    async with httpx.AsyncClient(
        base_url=office.system.system.address, headers=headers, limits=limits
    ) as client:
        if role is not None:
            answer = await client.post(SIGN_IN_PATH, data={"role": role, **claims})
            assert answer.status_code == 303, answer.text
        yield Browser(client)
