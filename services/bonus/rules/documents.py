"""The YAML files of a folder of rules, each read whole or refused with the file and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import yaml

FILES: Final = ("shared", "ordinary", "igu", "sources")
"""The parameters, one file each, with `.yaml` behind the name."""


class InvalidRuleError(ValueError):
    """A parameter of the law can't be read: the message names it and what must be mended."""


class _Loader(yaml.SafeLoader):
    """YAML without doubled keys, of which YAML itself would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 # PyYAML's own signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is no text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def own_folder() -> Traversable:
    """The folder of the rules that come with the package."""
    return files(__package__)


def document(folder: Traversable, name: str) -> Mapping[str, Any]:
    """The content of one file, whose parts are themselves tables.

    Raises InvalidRuleError, which names the file.
    """
    return parsed(f"{name}.yaml", text_of(folder, name))


def text_of(folder: Traversable, name: str) -> str:
    """The text of one file. Raises InvalidRuleError, which names it."""
    file = f"{name}.yaml"
    try:
        return folder.joinpath(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        why = f"{file} is missing in {folder}; `sammen rules export FOLDER` writes all of them"
        raise InvalidRuleError(why) from None
    except (OSError, ValueError) as error:
        raise InvalidRuleError(f"{file} can't be read: {error}") from error


def parsed(file: str, text: str) -> Mapping[str, Any]:
    """A table of tables from YAML text. Raises InvalidRuleError, which names the file."""
    try:
        told = yaml.load(text, _Loader)  # noqa: S506 # a safe loader, stricter than SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A day such as 2016-13-01 is a ValueError.
        raise InvalidRuleError(f"{file} is no YAML that can be read: {error}") from error
    if not isinstance(told, Mapping):
        raise InvalidRuleError(f"{file} holds no table of parameters")
    for name, entry in told.items():
        if not isinstance(entry, Mapping):
            raise InvalidRuleError(f"{file}: {name} is no table")
    return told
