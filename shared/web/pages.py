"""One frame for every page: server-rendered, in Danish or English, working without JavaScript.

Use in a route that returns HTML: `return render(request, "evaluation/figures.html", figures=...)`.
Templates extend `frame.html` and fill its blocks `title` and `content`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Literal

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

Language = Literal["da", "en"]

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
    text = environment.get_template(template).render(
        language=language,
        navigation=request.app.state.navigation,
        path=request.url.path,
        sign_in_path=request.app.state.sign_in_path,
        signed_in=request.app.state.session_cookie in request.cookies,
        **context,
    )
    return HTMLResponse(text, status, headers={"Content-Language": language})
