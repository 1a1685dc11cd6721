"""Importing any module does nothing: no connection, no process, no file written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

# Runs in a fresh interpreter; prints what each import did that it shouldn't.
PROBE = """
import importlib, os, sys
before = set(os.environ.items())
seen = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.fork"):
        seen.append(event)
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append(f"open {arguments[0]} for writing")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
    if seen or set(os.environ.items()) != before:
        print(name, *seen)
        seen.clear()
"""


def modules(*packages: Path) -> list[str]:
    return sorted(
        ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        for root in packages
        for path in root.rglob("*.py")
        if path.name != "__main__.py"
    )


def what_importing_does(names: list[str], folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_any_module_does_nothing() -> None:
    names = modules(CHECKOUT / "services", CHECKOUT / "shared", CHECKOUT / "deploy")
    assert len(names) > 20
    assert what_importing_does(names, CHECKOUT) == ""


@pytest.mark.parametrize(
    "line",
    [
        "import socket; socket.create_server(('127.0.0.1', 0)).close()",
        "import subprocess; subprocess.run(['true'])",
        "open('trace', 'w').close()",
        "import os; os.environ['X_Y'] = '1'",
    ],
)
def test_a_module_that_acts_when_imported_is_seen(line: str, tmp_path: Path) -> None:
    (tmp_path / "acting.py").write_text(line, encoding="utf-8")
    assert what_importing_does(["acting"], tmp_path).startswith("acting")
