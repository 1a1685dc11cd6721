"""Every mutant still finds the text it changes, and its tests are there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.chaos import mutating
from tests.chaos.mutants import MUTANTS
from tests.chaos.mutating import CHECKOUT, PatchError, apply
from tests.chaos.mutation import Edit, Mutant

SOME = Edit("some.py", "one", "two")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_applies_and_is_python(mutant: Mutant, tmp_path: Path) -> None:
    for edit in mutant.edits:
        copy = tmp_path / edit.path
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((CHECKOUT / edit.path).read_bytes())
        apply(edit, tmp_path)
        ast.parse(copy.read_text(encoding="utf-8"))
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}" in (CHECKOUT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["nothing of it", "one and one"])
def test_a_mutant_whose_text_is_not_there_once_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / SOME.path).write_text(text, encoding="utf-8")
    with pytest.raises(PatchError):
        apply(SOME, tmp_path)


def test_a_word_that_no_mutant_has_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def copied(_target: Path) -> Path:
        raise AssertionError("tests would be run")

    monkeypatch.setattr(mutating, "_copy_checkout", copied)
    with pytest.raises(SystemExit) as ended:
        mutating.main(["no such mistake"])
    assert ended.value.code == 2
    assert "no mutant has 'no such mistake'" in capsys.readouterr().err
