"""One frame for every page: server-rendered, in Danish or English, working without JavaScript.

Use in a route that returns HTML: `return render(request, "evaluation/figures.html", figures=...)`.
Templates extend `frame.html` and fill its blocks `title` and `content`; `say(da, en)` chooses what
the reader reads. A form that is sent holds `{{ own_form() }}` (from `forms.html`), and its route
asks for `allow_form(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal
from uuid import uuid4

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.values.money import format_kroner
from shared.web.forms import form_token

Language = Literal["da", "en"]


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page that the frame links to, by its name in both languages."""

    path: str
    en: str
    da: str
    roles: tuple[str, ...] = ()
    """Who has any use of it; none named = everybody."""


WEB_FOLDER = Path(str(files("shared.web")))
STATIC_FOLDER = WEB_FOLDER / "static"


def build_environment(templates: Mapping[str, Path]) -> Environment:
    """Where templates are found: the frame's by name, a service's as `<service>/<file>`.

    Everything put into a page is escaped; a name that the page was not given is a mistake.
    """
    by_service: dict[str, BaseLoader] = {
        name: FileSystemLoader(folder) for name, folder in templates.items()
    }
    own = FileSystemLoader(WEB_FOLDER / "templates")
    environment = Environment(
        loader=ChoiceLoader([own, PrefixLoader(by_service)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kroner"] = format_kroner
    return environment


def render(
    request: Request,
    template: str,
    *,
    language: Language = "en",
    status: int = 200,
    **context: object,
) -> HTMLResponse:
    """The page, in its frame. `context` is what the template names."""
    environment: Environment = request.app.state.templates
    cookie = request.cookies.get(request.app.state.session_cookie)
    session = getattr(request.state, "session", None) or cookie
    text = environment.get_template(template).render(
        language=language,
        say=_saying(language),
        navigation=_links(request),
        path=request.url.path,
        request_method=request.method,
        sign_in_path=request.app.state.sign_in_path,
        sign_out_path=request.app.state.sign_out_path,
        signed_in=request.app.state.session_cookie in request.cookies,
        form_token=form_token(session) if session else "",
        new_submission=lambda: str(uuid4()),
        **context,
    )
    return HTMLResponse(text, status, headers={"Content-Language": language})


def _saying(language: Language) -> Callable[[str, str], str]:
    """Chooses between the Danish words and the English ones."""
    return lambda da, en: da if language == "da" else en


def _links(request: Request) -> list[PageLink]:
    """The links of use to the reader; all of them where the page doesn't know who reads."""
    identity = getattr(request.state, "identity", None)
    links: tuple[PageLink, ...] = request.app.state.navigation
    return [
        link for link in links if identity is None or not link.roles or identity.role in link.roles
    ]
