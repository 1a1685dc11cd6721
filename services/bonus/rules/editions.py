"""Editions of the rules: the data as it was, known by a hash, so that it can be used again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final

from services.bonus.domain.rules import Rules
from services.bonus.rules import rules_from
from services.bonus.rules.documents import FILES, own_folder, parsed, text_of

NAME_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Edition:
    """One state of the rule data."""

    name: str
    """The beginning of the content's SHA-256."""
    content: str
    """JSON: the text of each file by its name."""


@cache
def own_edition() -> Edition:
    """The rules that come with the package."""
    return edition_in(own_folder())


def edition_in(folder: Traversable) -> Edition:
    """The rules that stand in a folder. Raises InvalidRuleError when a file can't be read."""
    texts = {name: text_of(folder, name) for name in FILES}
    content = json.dumps(texts, ensure_ascii=False, sort_keys=True)
    return Edition(hashlib.sha256(content.encode()).hexdigest()[:NAME_DIGITS], content)


@cache
def rules_of(edition: Edition) -> Rules:
    """The rules of an edition, as they were. Raises InvalidRuleError when no rules are in it."""
    texts: Mapping[str, str] = json.loads(edition.content)
    return rules_from({name: parsed(f"{name}.yaml", texts.get(name, "")) for name in FILES})
