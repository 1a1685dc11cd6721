"""Every refusal over HTTP is an RFC 9457 problem with a stable type.

Raise `Problem(...)` in a route; inside a transaction it also undoes what was begun there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse

from shared.contracts.door_rules import DoorRule

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "5"
"""How long a caller is asked to wait when the database is away."""


class Problem(Exception):  # noqa: N818 # RFC 9457's own word for it
    """The request is refused; what is said here is what the caller reads.

    `slug` names the kind for programs and never changes once published; `extra` are members of
    the problem object besides the standard ones, and must be JSON.
    """

    def __init__(
        self,
        slug: str,
        title: str,
        status: int,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(f"{status} {slug}: {detail or title}")
        self.slug = slug
        self.title = title
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra

    @property
    def type(self) -> str:
        """The problem's type: a name, not an address."""
        return f"urn:sammen:problem:{self.slug}"

    def body(self) -> dict[str, object]:
        """The problem object."""
        standard: dict[str, object] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
        }
        if self.detail is not None:
            standard["detail"] = self.detail
        return {**self.extra, **standard}

    def response(self) -> JSONResponse:
        """The answer that says it."""
        return JSONResponse(
            self.body(), status_code=self.status, media_type=MEDIA_TYPE, headers=self.headers
        )


def not_found(what: str) -> Problem:
    """404: it does not exist, or is not the caller's to know of."""
    return Problem("not-found", "Not found", 404, what)


def forbidden(why: str) -> Problem:
    """403: the caller is known, and may not do this."""
    return Problem("forbidden", "Not allowed", 403, why)


def invalid(
    detail: str,
    *,
    errors: Sequence[Mapping[str, object]] = (),
    rule: DoorRule | None = None,
) -> Problem:
    """422: readable, but it can't be meant; `errors` says where, one object per place.

    `rule` is the one broken, where a look at the request alone shows it.
    """
    title = "The request can't be carried out"
    extra: dict[str, Any] = {"errors": list(errors)} if errors else {}
    broken = rule.stands_in() if rule else {}
    return Problem("invalid-request", title, 422, detail, **extra, **broken)


def unavailable(detail: str = "The service can't do this at the moment; try again.") -> Problem:
    """503: nothing is wrong with the request; the same one will be answered later."""
    headers = {"Retry-After": RETRY_AFTER_SECONDS}
    return Problem("unavailable", "Not available at the moment", 503, detail, headers=headers)
