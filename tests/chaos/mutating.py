"""`make mutants`: each mutant in a copy of the checkout, against the tests that must notice it.

The same tests must pass in the copy without any mutant, else their failing says nothing. Exit
status 0 when every mutant is caught.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.mutants import MUTANTS, Edit, Mutant
from tests.support.lifelines import ending_with_me

CHECKOUT: Final = Path(__file__).parents[2]
PASSED, FAILED = 0, 1
"""pytest's exit statuses; any other means that tests weren't run at all."""
SECONDS_MAX: Final = 600


class PatchError(Exception):
    """The text a mutant changes is not in the code (any more) exactly once."""


def apply(edit: Edit, checkout: Path) -> None:
    """Change the file in this checkout. Raises PatchError."""
    file = checkout / edit.path
    text = file.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise PatchError(f"{edit.path} holds {text.count(edit.old)} times:\n{edit.old}")
    file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Try them all, or those whose name holds a word; 0 when each was caught."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="only mutants with this in their name")
    word = parser.parse_args(arguments).word
    chosen = [each for each in MUTANTS if word in each.name]
    if not chosen:  # without names of tests, pytest would run every test there is
        parser.error(f"no mutant has {word!r} in its name; they stand in tests/chaos/mutants.py")
    with tempfile.TemporaryDirectory(prefix="sammen-mutants-") as folder:
        copy = _copy_checkout(Path(folder) / "checkout")
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        status, output, seconds = _run(copy, tests)
        if status != PASSED:
            _say(f"the tests fail without any mutant, so nothing can be said:\n{output}")
            return FAILED
        _say(f"{'mutant':64}{'seconds':>8}  caught by")
        _say(f"{'(none: every test passes)':64}{seconds:8.0f}")
        verdicts = [_try(mutant, copy) for mutant in chosen]
    _say(f"{sum(verdicts)} of {len(verdicts)} mutants were caught")
    return PASSED if all(verdicts) else FAILED


def _try(mutant: Mutant, copy: Path) -> bool:
    """Run its tests with the mutant in place; whether one failed."""
    paths = {edit.path for edit in mutant.edits}
    before = {path: (copy / path).read_bytes() for path in paths}
    try:
        for edit in mutant.edits:
            apply(edit, copy)
        status, output, seconds = _run(copy, mutant.tests)
    finally:
        for path, content in before.items():
            (copy / path).write_bytes(content)
    if status not in (PASSED, FAILED):
        raise PatchError(f"{mutant.name}: its tests could not be run:\n{output}")
    failed = re.search(r"^FAILED \S+::(\S+)", output, flags=re.MULTILINE)
    caught = failed[1] if failed else ("error in a fixture" if status else "NOBODY: it survived")
    _say(f"{mutant.name:64}{seconds:8.0f}  {caught}")
    return failed is not None


def _run(copy: Path, tests: Sequence[str]) -> tuple[int, str, float]:
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}
    done = subprocess.run(
        ending_with_me(
            *(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
        ),
        cwd=copy,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return done.returncode, done.stdout[-4000:] + done.stderr[-1000:], time.monotonic() - began


def _copy_checkout(target: Path) -> Path:
    """Everything in the checkout that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (CHECKOUT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name)
    return target


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
