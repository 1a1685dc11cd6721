"""The house rules hold everywhere, and each is seen to catch its own violation."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.rules import RULES, Rule
from tests.architecture.violations import SOURCE_VIOLATIONS

CHECKOUT = Path(__file__).parents[2]
TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    ".json",
    ".sql",
    ".html",
    ".css",
    ".sh",
    ".in",
    "",
}


def project_files() -> list[PurePosixPath]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [PurePosixPath(name) for name in listed if (CHECKOUT / name).is_file()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_whole_project_keeps(rule: Rule) -> None:
    complaints = [
        f"{path}: {complaint}"
        for path in project_files()
        if path.suffix in TEXT_SUFFIXES
        for complaint in rule(path, (CHECKOUT / path).read_text(encoding="utf-8"))
    ]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("rule", "path", "text"), SOURCE_VIOLATIONS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_violation_is_caught_by(rule: Rule, path: str, text: str) -> None:
    assert list(rule(PurePosixPath(path), text))


def test_every_rule_has_a_violation() -> None:
    assert {rule for rule, _, _ in SOURCE_VIOLATIONS} == set(RULES)
