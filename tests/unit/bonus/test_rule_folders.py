"""Rules are read from any folder of the form of the package's own, or refused with the remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.bonus.rules import load_rules
from services.bonus.rules.documents import FILES, InvalidRuleError
from services.bonus.rules.folders import export_rules, read_rules
from tests.unit.bonus.pairs import came_out, pairs

OWN = Path(__file__).parents[3] / "services" / "bonus" / "rules"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rules in force, written out."""
    export_rules(tmp_path / "other")
    return tmp_path / "other"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_rules_written_out_and_read_back_are_those_in_force(folder: Path) -> None:
    assert read_rules(folder) == load_rules()
    assert read_rules(OWN) == load_rules()


def test_rules_are_written_to_an_empty_folder_only(folder: Path) -> None:
    with pytest.raises(FileExistsError, match="not empty"):
        export_rules(folder)
    assert sorted(each.stem for each in folder.iterdir()) == sorted(FILES)


def test_a_changed_parameter_changes_what_comes_out(folder: Path) -> None:
    change(folder / "ordinary.yaml", "value: 20000", "value: 25000")
    other = read_rules(folder)
    cases = [side.parse() for pair in pairs() for side in pair if not side.refused]
    assert any(came_out(case, other) != came_out(case, load_rules()) for case in cases)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("ordinary", "value: 20000", "value: [", "ordinary.yaml is no YAML that can be read"),
        ("ordinary", "value: 2016-07-01", "value: 2016-13-01", "ordinary.yaml is no YAML that"),
        ("ordinary", "early_amount:", "early_amunt:", "ordinary.yaml lacks early_amount"),
        ("ordinary", "first_hire:", "last_hire:", "last_hire stands twice"),
        ("ordinary", "value: 20000", "value: -20000", "ordinary.early_amount: -20000 is no DKK"),
        ("ordinary", "M12: 12", "M13: 13", "ordinary.milestones: {'M6': 6, 'M13': 13} is no"),
        ("ordinary", "M12: 12", "M12: 0", "a milestone comes after at least one month"),
        ("ordinary", "{M6: 6, M12: 12}", "6", "no table of months by milestone"),
        ("ordinary", "[family_other]", "family_other", "not a list of names"),
        ("igu", "to: 2019-06-30", "to: 2019-06-29", "igu.prior_employment_months: the versions"),
        ("sources", "SECTOR_UNKNOWN:\n", "SECTOR_UNHEARD:\n", "'SECTOR_UNHEARD' is no reason"),
        ("sources", "  igu: {rule: G3,", "  ordinary: {rule: G3,", "IGU_NOT_COMPLETED names no"),
        ("shared", "ceiling:", "7: {}\nceiling:", "the key 7 is no text"),
        ("shared", "ceiling:", "note: x\nceiling:", "shared.yaml: note is no table"),
    ],
)
def test_what_cannot_be_read_is_named(
    folder: Path, file: str, old: str, new: str, message: str
) -> None:
    change(folder / f"{file}.yaml", old, new)
    with pytest.raises(InvalidRuleError) as caught:
        read_rules(folder)
    assert message in str(caught.value)


def test_a_file_that_is_missing_misspelt_or_unreadable_is_named(folder: Path) -> None:
    (folder / "notes.yml").write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidRuleError, match=r"notes\.yml in .*rules are read from igu\.yaml"):
        read_rules(folder)
    (folder / "notes.yml").unlink()
    (folder / "igu.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRuleError, match=r"igu\.yaml can't be read: .*utf-8"):
        read_rules(folder)
    (folder / "igu.yaml").write_text("", encoding="utf-8")
    with pytest.raises(InvalidRuleError, match=r"igu\.yaml holds no table of parameters"):
        read_rules(folder)
    (folder / "igu.yaml").unlink()
    with pytest.raises(InvalidRuleError, match=r"igu\.yaml is missing in .*`sammen rules export"):
        read_rules(folder)
    with pytest.raises(InvalidRuleError, match=r"nowhere can't be read: No such file.*export"):
        read_rules(folder / "nowhere")


def test_a_policy_setting_the_engine_does_not_have_is_refused(tmp_path: Path) -> None:
    shutil.copytree(OWN, tmp_path / "copy")
    assert read_rules(tmp_path / "copy") == load_rules()
    chapter = tmp_path / "copy" / "statements" / "shared.yaml"
    change(chapter, "value: review, in: reviews.sector", "value: pay, in: reviews.sector")
    with pytest.raises(InvalidRuleError, match="unknown_sector: the engine has no 'pay', only rev"):
        read_rules(tmp_path / "copy")
