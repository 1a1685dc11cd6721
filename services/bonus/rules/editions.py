"""Editions of the rules: the data as it was, known by a hash, so that it can be used again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import yaml

from services.bonus.domain.rules import IguRules, OrdinaryRules, Rules, SharedRules
from services.bonus.rules import InvalidRuleError, read_group, read_sources

FILES: Final = ("shared", "ordinary", "igu", "sources")
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
    return edition_in(files(__package__))


def edition_in(folder: Traversable) -> Edition:
    """The rules that stand in a folder. Raises InvalidRuleError when a file can't be read."""
    try:
        texts = {
            name: folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8") for name in FILES
        }
    except (OSError, ValueError) as error:
        raise InvalidRuleError(f"the rules in {folder} can't be read: {error}") from error
    content = json.dumps(texts, ensure_ascii=False, sort_keys=True)
    return Edition(hashlib.sha256(content.encode()).hexdigest()[:NAME_DIGITS], content)


@cache
def rules_of(edition: Edition) -> Rules:
    """The rules of an edition, as they were. Raises InvalidRuleError when no rules are in it."""
    texts: Mapping[str, str] = json.loads(edition.content)
    try:
        documents = {name: yaml.safe_load(texts[name]) for name in FILES}
        return Rules(
            shared=read_group("shared", documents["shared"], SharedRules),
            ordinary=read_group("ordinary", documents["ordinary"], OrdinaryRules),
            igu=read_group("igu", documents["igu"], IguRules),
            sources=read_sources(documents["sources"]),
        )
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise InvalidRuleError(f"edition {edition.name}: {error}") from error
