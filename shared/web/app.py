"""The web application of one process: routes of its services in one frame of rules.

Strict JSON in (`body.py`), problems out (`problems.py`), verified callers (`identity.py`), and
the OpenAPI document at /openapi.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.staticfiles import StaticFiles

from shared.observability.metrics import Metrics
from shared.web.answers import answer_problems
from shared.web.identity import SESSION_COOKIE, Authenticator
from shared.web.middleware import CONTENT_BYTES_MAX, Bounded, Content, Watched
from shared.web.pages import STATIC_FOLDER, PageLink, build_environment
from shared.web.problems import MEDIA_TYPE

Router = APIRouter
Application = FastAPI

PROBLEM_SCHEMA: Mapping[str, object] = {
    "title": "Problem",
    "description": "RFC 9457. `type` is stable; other members may be added.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:sammen:problem:not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
PROBLEM_RESPONSE = {
    "description": "Refused, or not possible at the moment",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


@dataclass(frozen=True)
class WebParts:
    """What a process puts on the web."""

    title: str
    routers: Sequence[APIRouter]
    templates: Mapping[str, Path] = field(default_factory=dict)
    """Folder of pages by service name."""
    navigation: Sequence[PageLink] = ()
    """The pages that the frame links to."""
    sign_in_path: str | None = None
    """Where a browser without a session is sent; only the development issuer has one."""
    sign_out_path: str | None = None
    """Where a session is ended."""


def build_app(
    parts: WebParts,
    *,
    authenticator: Authenticator,
    metrics: Metrics,
    content_bytes_max: int = CONTENT_BYTES_MAX,
) -> FastAPI:
    """The application. Nothing is connected or started by building it."""
    app = _Application(
        title=parts.title,
        version=version("sammen"),
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        responses={"default": PROBLEM_RESPONSE},
        redirect_slashes=False,
    )
    app.state.authenticator = authenticator
    app.state.metrics = metrics
    app.state.templates = build_environment(parts.templates)
    app.state.navigation = tuple(parts.navigation)
    app.state.sign_in_path = parts.sign_in_path
    app.state.sign_out_path = parts.sign_out_path
    app.state.session_cookie = SESSION_COOKIE
    answer_problems(app)
    for router in parts.routers:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    app.add_middleware(Content, bytes_max=content_bytes_max)
    app.add_middleware(Bounded)
    app.add_middleware(Watched, metrics=metrics)  # added last, so it stands outermost
    return app


class _Application(FastAPI):
    """FastAPI, whose document also describes a problem."""

    def openapi(self) -> dict[str, object]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = get_openapi(title=self.title, version=self.version, routes=self.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = dict(PROBLEM_SCHEMA)
            self.openapi_schema = document
        return self.openapi_schema
