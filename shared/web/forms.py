"""A form is taken only from our own page, in the session that the page was made for.

A browser sends the sign-in cookie along with whatever another site makes it send. So every form
carries a token computed from the session, which no other site can read or guess; and where the
browser says from which site a form comes, it must be ours. Both are asked of every form, also when
a proxy adds the bearer token: it adds it to forged forms too.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.web.problems import Problem

FIELD: Final = "form_token"
PURPOSE: Final = b"sammen: a form of this session"

FOREIGN = "It came from another site. Open our own page, and send the form from there."
STALE = (
    "It was made for another session, or without one. Go back, load the page again, and send it"
    " from there."
)


def form_token(session: str) -> str:
    """The token of every form made for a session; `session` is the secret it is known by."""
    return hmac.new(session.encode(), PURPOSE, hashlib.sha256).hexdigest()


def forged(detail: str) -> Problem:
    """403: the form did not come from a page of ours."""
    return Problem("forged-form", "The form was not taken", 403, detail)


def comes_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site, or nobody it can name, sends this.

    Programs say nothing of the kind, and old browsers don't either: the token holds for them.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return True
    origin = request.headers.get("origin")
    if origin is None or (origin == "null" and site is not None):
        return False
    hosts = (request.headers.get("host"), request.headers.get("x-forwarded-host"))
    return urlsplit(origin).netloc.lower() not in {host.lower() for host in hosts if host}


async def carries_token(request: Request, session: str) -> bool:
    """Whether the form carries the token of this session; compared in constant time."""
    given = (await request.form()).get(FIELD)
    text = given if isinstance(given, str) else ""
    return hmac.compare_digest(text.encode(), form_token(session).encode())
