"""What every form of these pages has in common: how it is read, refused, and answered."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from shared.contracts.fields import ORE_MAX, Cvr, PlacementId, ShortText
from shared.values.cvr import InvalidCvrNumberError, parse_cvr
from shared.values.money import Language
from shared.web.idempotency import Answer
from shared.web.problems import invalid

KRONER: Final = re.compile(r"(\d{1,3}(?:[ .]\d{3})+|\d{1,12})(?:,(\d{2}))?")


def _as_one_line(text: str) -> str:
    """Several lines become one: reasons are kept as one line of text."""
    return " ".join(text.split())


def _as_ore(text: str) -> str:
    if text and _ore_in(text) is None:
        raise ValueError("an amount is written in kroner, such as 5.000 or 5000,50")
    return text


def _as_written(text: object) -> object:
    """A CVR number as people write it, with blanks, a hyphen or "DK"."""
    with suppress(InvalidCvrNumberError):
        return parse_cvr(text) if isinstance(text, str) else text
    return text


def _without_blanks(text: object) -> object:
    """An id is copied with the blanks around it; inside they are its own."""
    return text.strip() if isinstance(text, str) else text


ChosenEmployer = Annotated[Cvr | Literal[""], BeforeValidator(_as_written)]
"""The employer that a list is narrowed to; empty for all of them."""

TypedPlacement = Annotated[PlacementId, BeforeValidator(_without_blanks)]
"""A placement's id as somebody typed it."""

ChosenPlacement = Annotated[PlacementId | Literal[""], BeforeValidator(_without_blanks)]
"""The placement that a list is narrowed to; empty for all of them."""


class OwnForm(BaseModel):
    """What every form of ours carries, beside the token that makes it ours."""

    model_config = ConfigDict(frozen=True)

    language: Language = "en"
    submission: Annotated[str, Field(max_length=255)] = ""
    """The key that the page gave it, so that sent twice it is one."""


class ReasonedForm(OwnForm):
    """A form that asks why."""

    reason: Annotated[ShortText, BeforeValidator(_as_one_line)]


Kroner = Annotated[str, Field(max_length=20), AfterValidator(_as_ore)]
"""An amount as people write it; empty where none is asked for."""


def ore_in(text: str) -> int:
    """The amount in øre. Raises Problem 422 when there is none."""
    amount = _ore_in(text)
    if amount is None:
        raise invalid("Say which amount remains claimed, in kroner.")
    return amount


def _ore_in(text: str) -> int | None:
    found = KRONER.fullmatch(text.strip())
    if found is None:
        return None
    kroner, rest = found.groups()
    amount = int(re.sub(r"[ .]", "", kroner)) * 100 + int(rest or 0)
    return amount if amount <= ORE_MAX else None


def shown_next(
    path: str, language: Language, done: str, *, employer: str = "", page: int = 1
) -> Answer:
    """See the page at `path`, which says what was done: reloading it sends nothing again."""
    narrowed = {"employer": employer} if employer else {}
    turned = {"page": page} if page > 1 else {}
    query = urlencode({"language": language, "done": done, **narrowed, **turned})
    return Answer(None, 303, {"Location": f"{path}?{query}"})
