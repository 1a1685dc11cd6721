"""The official AsyncAPI parser, a Node package installed once into a cache outside the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "support/asyncapi"
INSTALL_SECONDS_MAX = 300
PARSE_SECONDS_MAX = 120
REMEDY = "sudo apt-get install nodejs npm"


def node_is_there() -> bool:
    """Whether Node and npm can be called."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


def installed() -> Path:
    """The folder with the parser as locked, installed if it isn't there yet."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sammen/asyncapi"
    folder = cache / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", "validate.js"):
            shutil.copy(FOLDER / name, folder)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_SECONDS_MAX
        )
        (folder / "complete").touch()
    return folder


def findings_about(document: str) -> list[dict[str, Any]]:
    """What the parser finds in a document; severity 0 is an error."""
    folder = installed()
    shutil.copy(FOLDER / "validate.js", folder)
    result = subprocess.run(
        ["node", "validate.js"],
        cwd=folder,
        input=document,
        capture_output=True,
        text=True,
        check=True,
        timeout=PARSE_SECONDS_MAX,
    )
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found
