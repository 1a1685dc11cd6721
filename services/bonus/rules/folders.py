"""Other rules than the package's own: read from a folder of the same form, and written to one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.bonus.domain.rules import Rules
from services.bonus.rules import rules_in
from services.bonus.rules.book import CHAPTERS, STATEMENTS, read_statements
from services.bonus.rules.documents import FILES, InvalidRuleError, document, own_folder
from services.bonus.rules.page import parameters_of, versions_text

REMEDY: Final = "`sammen rules export FOLDER` writes the rules in force, to be changed"


def read_rules(folder: Path) -> Rules:
    """Read the parameters of a folder with the same four files as the package's own.

    Raises InvalidRuleError, which names the file, the parameter, and what must be mended. A YAML
    file under another name is refused too, since a misspelt one would not count. Where the folder
    has `statements`, its policy settings must be among those the engine implements.
    """
    _refuse_other_files(folder)
    rules = rules_in(folder)
    statements = folder / STATEMENTS
    for chapter in CHAPTERS:
        if (statements / f"{chapter}.yaml").exists():
            read_statements(document(statements, chapter))
    return rules


def export_rules(folder: Path) -> list[Path]:
    """Write the package's own parameters to a folder that is new or empty; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a new folder")
    written = []
    for name in FILES:
        file = folder / f"{name}.yaml"
        file.write_bytes(own_folder().joinpath(file.name).read_bytes())
        written.append(file)
    return written


def _refuse_other_files(folder: Path) -> None:
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError as error:
        raise InvalidRuleError(f"{folder} can't be read: {error.strerror}; {REMEDY}") from error
    known = sorted(f"{name}.yaml" for name in FILES)
    odd = [name for name in names if name.endswith((".yaml", ".yml")) and name not in known]
    if odd:
        raise InvalidRuleError(
            f"{', '.join(odd)} in {folder}: rules are read from {', '.join(known)} only;"
            " rename or remove it"
        )


def differing_parameters(own: Rules, other: Rules) -> list[dict[str, str]]:
    """The parameters that differ, each as it is and as it would be."""
    pairs = zip(parameters_of(own), parameters_of(other), strict=True)
    return [
        {"name": mine.name, "before": versions_text(mine), "after": versions_text(theirs)}
        for mine, theirs in pairs
        if mine != theirs
    ]
