"""`make mutants`: each mutant in a copy of the checkout, against the tests that must notice it.

The same tests must pass in the copy without any mutant, else their failing says nothing. Exit
status 0 when every mutant is caught. What only waited in vain, or hung, must pass once more without
the mutant: a busy machine can bring that about as well.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from tests.chaos.mutants import MUTANTS
from tests.chaos.mutation import Edit, Mutant
from tests.chaos.noticing import FAILED, PASSED, TAIL, Outcome, run_tests

CHECKOUT: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 300.0
"""For the tests of one mutant, of which the longest take 40 s: what takes longer hangs."""
WHOLE_SECONDS_MAX: Final = 1800.0
"""For all of them without any mutant."""

Verdict = Literal["failing", "hanging", "survived"]
"""A test failed, a test came to no end, or nobody noticed."""


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
        whole = run_tests(copy, tests, seconds_max=WHOLE_SECONDS_MAX)
        if whole.status != PASSED:
            how = "hang" if whole.hung else "fail"
            _say(f"the tests {how} without any mutant, so nothing can be said:\n{whole.output}")
            return FAILED
        _say(f"{'mutant':64}{'seconds':>8}  caught by")
        _say(f"{'(none: every test passes)':64}{whole.seconds:8.0f}")
        verdicts = [_try(mutant, copy) for mutant in chosen]
    hanging = verdicts.count("hanging")
    aside = f", {hanging} of them by hanging" if hanging else ""
    caught = len(verdicts) - verdicts.count("survived")
    _say(f"{caught} of {len(verdicts)} mutants were caught{aside}")
    return PASSED if caught == len(verdicts) else FAILED


def _try(mutant: Mutant, copy: Path) -> Verdict:
    """Run its tests with the mutant in place; how one of them noticed it."""
    outcome = _with_mutant(mutant, copy)
    if outcome.status not in (PASSED, FAILED, None):
        raise PatchError(f"{mutant.name}: its tests could not be run:\n{outcome.output[-TAIL:]}")
    verdict, caught = _judge(mutant, copy, outcome)
    _say(f"{mutant.name:64}{outcome.seconds:8.0f}  {caught}")
    if outcome.status != PASSED:
        _say(f"    {outcome.reason}")
    return verdict


def _judge(mutant: Mutant, copy: Path, outcome: Outcome) -> tuple[Verdict, str]:
    """Whether it was caught, and by whom."""
    if outcome.status == PASSED:
        return "survived", "NOBODY: it survived"
    if outcome.caught_by is None:
        return "survived", "nobody: an error in a fixture"
    if outcome.may_be_noise:
        # That something did not come about in time says little, unless it does without the mutant.
        again = run_tests(copy, mutant.tests, seconds_max=SECONDS_MAX)
        if again.status != PASSED:
            return "survived", f"nobody: {outcome.caught_by}, but without the mutant likewise"
    if outcome.hung:
        return "hanging", f"{outcome.caught_by}, BY HANGING"
    return "failing", outcome.caught_by


def _with_mutant(mutant: Mutant, copy: Path) -> Outcome:
    paths = {edit.path for edit in mutant.edits}
    before = {path: (copy / path).read_bytes() for path in paths}
    try:
        for edit in mutant.edits:
            apply(edit, copy)
        return run_tests(copy, mutant.tests, seconds_max=SECONDS_MAX)
    finally:
        for path, content in before.items():
            (copy / path).write_bytes(content)


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
