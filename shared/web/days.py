"""Days in an address: `?from=2016-07-01`, written in one way only."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from shared.contracts.fields import Day

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _refuse_other_writings(text: str) -> str:
    """Digits alone would be read as seconds since 1970."""
    if not _DAY.fullmatch(text):
        raise ValueError("a day is written YYYY-MM-DD")
    return text


def _none_if_empty(text: str | None) -> str | None:
    return text or None


AskedDay = Annotated[Day, BeforeValidator(_refuse_other_writings)]
"""A day asked for by a program."""

ChosenDay = Annotated[AskedDay | None, BeforeValidator(_none_if_empty)]
"""A day chosen in a form, whose field may be left empty."""
