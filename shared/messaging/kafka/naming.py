"""Names and patterns of topics: `*` stands for any text."""

from __future__ import annotations

import re
from collections.abc import Iterable


def is_pattern(name: str) -> bool:
    """Whether the name may stand for several topics."""
    return "*" in name


def as_regex(names: Iterable[str]) -> re.Pattern[str]:
    """One expression for all names, anchored: aiokafka looks only at how a topic's name begins."""
    each = (".*".join(re.escape(text) for text in name.split("*")) for name in names)
    return re.compile(f"^(?:{'|'.join(each)})$")
