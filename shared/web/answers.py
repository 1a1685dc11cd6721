"""Whatever a route raises becomes a problem: JSON for programs, a page for browsers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.contracts.complaints import in_plain_words
from shared.contracts.door_rules import broken_rule
from shared.values.persons import mask_person_numbers
from shared.web.body import is_json
from shared.web.pages import render
from shared.web.problems import Problem, invalid

ERRORS_SHOWN_MAX = 100
ECHO_CHARACTERS_MIN = 3

NOTHING_HERE = "Nothing is at this address. /openapi.json lists those there are, to the last slash."
NOT_SENT_AS_JSON = Problem(
    "media-type-unsupported",
    "The content is not said to be JSON",
    415,
    "Send JSON, and the header `Content-Type: application/json`.",
)


def answer_problems(app: FastAPI) -> None:
    """Let this application answer every refusal as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)


def _on_problem(request: Request, error: Exception) -> Response:
    return _answer(request, cast("Problem", error))


def _on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals: no such path, no such method, a broken form."""
    refusal = cast("HTTPException", error)
    title = HTTPStatus(refusal.status_code).phrase
    slug = title.lower().replace(" ", "-").replace("'", "")
    headers = refusal.headers or {}
    detail = None
    if refusal.status_code == HTTPStatus.NOT_FOUND:
        detail = NOTHING_HERE
    elif "Allow" in headers:
        detail = f"This address takes {headers['Allow']}."
    return _answer(request, Problem(slug, title, refusal.status_code, detail, headers=headers))


def _on_invalid(request: Request, error: Exception) -> Response:
    """What doesn't fit the contract: where and why, but never what was sent."""
    raised = cast("RequestValidationError", error).errors()
    if _was_not_read(request, raised):
        return _answer(request, NOT_SENT_AS_JSON)
    errors = [
        {
            "place": _place(one["loc"]),
            "kind": one["type"],
            "message": _without_echo(in_plain_words(one), one.get("input")),
            "code": broken_rule(one).value,
        }
        for one in raised[:ERRORS_SHOWN_MAX]
    ]
    count = len(raised)
    detail = f"{count} {'place does' if count == 1 else 'places do'} not fit the contract."
    return _answer(request, invalid(detail, errors=errors, rule=broken_rule(raised[0])))


def _was_not_read(request: Request, raised: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a route wanted JSON and there was content, but it was said to be something else."""
    content_missed = any(one["loc"] == ("body",) and one["type"] != "missing" for one in raised)
    return content_missed and not is_json(request.headers.get("content-type", ""))


def _place(location: tuple[int | str, ...]) -> str:
    """Where it is, as in `body.0.employer`."""
    return mask_person_numbers(".".join(str(step) for step in location))


def _without_echo(message: str, given: object) -> str:
    """The message with the sender's own value taken out: it may be anything, also a secret."""
    text = str(given)
    if isinstance(given, str | int | float) and len(text) >= ECHO_CHARACTERS_MIN:
        message = message.replace(text, "the value")
    return mask_person_numbers(message)


def _answer(request: Request, problem: Problem) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        return problem.response()
    page = render(
        request,
        "problem.html",
        language="da" if _asked_for_danish(request) else "en",
        status=problem.status,
        problem=problem,
        way_back=_way_back(request),
    )
    page.headers.update(problem.headers)
    return page


def _asked_for_danish(request: Request) -> bool:
    """Whether the page, or the page that a form was sent from, was asked for in Danish."""
    return parse_qs(urlsplit(_way_back(request)).query).get("language") == ["da"]


def _way_back(request: Request) -> str:
    """Where to go on after signing in: the page asked for, or the one that a form was sent from."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if request.method == "GET":
        path, query = request.url.path, request.url.query
    elif came_from.netloc == request.url.netloc:
        path, query = came_from.path, came_from.query
    else:
        path, query = "/", ""
    return f"{path}?{query}" if query else path
