"""The import contracts of pyproject.toml hold, and each is seen to break on its own violation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.violations import IMPORT_VIOLATIONS

CHECKOUT = Path(__file__).parents[2]
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]


def broken_contracts(checkout: Path) -> set[str]:
    """Names of the contracts that do not hold in this checkout."""
    result = subprocess.run(LINT, cwd=checkout, capture_output=True, text=True, check=False)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert "KEPT" in plain or "BROKEN" in plain, result.stdout + result.stderr
    return set(re.findall(r"^(.+?) BROKEN", plain, flags=re.MULTILINE))


def contract_names() -> set[str]:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which every deliberate violation has been made."""
    target = tmp_path_factory.mktemp("checkout")
    shutil.copy(CHECKOUT / "pyproject.toml", target)
    for package in ("services", "shared"):
        # Whoever imports at the same time makes and renames files among the compiled ones.
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / package, target / package, ignore=compiled)
    for _, file, line in IMPORT_VIOLATIONS:
        with (target / file).open("a", encoding="utf-8") as source:
            source.write(f"\n{line}\n")
    return target


def test_no_contract_is_broken() -> None:
    assert broken_contracts(CHECKOUT) == set()


def test_every_contract_breaks_on_its_violation(copy: Path) -> None:
    assert broken_contracts(copy) == contract_names()


def test_every_contract_has_a_violation() -> None:
    assert {name for name, _, _ in IMPORT_VIOLATIONS} == contract_names()
