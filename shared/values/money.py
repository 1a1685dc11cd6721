"""Money is a whole number of øre; the law speaks in whole kroner."""

from __future__ import annotations

from typing import Literal

ORE_PER_KRONE = 100

Language = Literal["da", "en"]


def ore(kroner: int) -> int:
    """Turn whole kroner into øre."""
    return kroner * ORE_PER_KRONE


def format_kroner(amount_ore: int, language: Language) -> str:
    """Write an amount as a Dane or an Englishman reads it; øre are left out when there are none.

    `12345678` is "123.456,78 kr." in Danish and "DKK 123,456.78" in English; what is owed the
    other way has a hyphen in front.
    """
    kroner, rest_ore = divmod(abs(amount_ore), ORE_PER_KRONE)
    number = f"{kroner:,}" + (f".{rest_ore:02d}" if rest_ore else "")
    sign = "-" if amount_ore < 0 else ""
    match language:
        case "da":
            return f"{sign}{number.translate(_DANISH_SEPARATORS)} kr."
        case "en":
            return f"{sign}DKK {number}"


_DANISH_SEPARATORS = str.maketrans(",.", ".,")
