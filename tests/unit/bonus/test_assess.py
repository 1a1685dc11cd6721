"""The offline command: one case, a list or lines in; one JSON value or an explanation out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.bonus.assess import Style, as_object, assess_case, run
from services.bonus.assess.cases import cases_in
from services.bonus.domain.parsing import Case
from services.bonus.rules.folders import export_rules

PERSON = {
    "fact": "PersonRegistered",
    "recorded_on": "2016-08-25",
    "person": "P1",
    "category": "refugee",
    "permit_granted_on": "2016-03-10",
}
STARTED = {
    "fact": "PlacementStarted",
    "recorded_on": "2016-09-01",
    "placement": "L1",
    "person": "P1",
    "employer": "99000007",
    "kind": "ordinary",
    "started_on": "2016-09-01",
}
CASE = {"id": "a", "as_of": "2017-06-01", "known_on": "2017-06-01", "facts": [PERSON, STARTED]}
EMPTY = {"as_of": "2017-06-01", "known_on": "2017-06-01", "facts": []}


def answer(
    content: str | bytes, folder: Path, *, name: str = "cases.json", as_json: bool = True
) -> tuple[int, str, str]:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    stdout, stderr = io.StringIO(), io.StringIO()
    status = run(str(file), Style(as_json=as_json), stdout=stdout, stderr=stderr)
    return status, stdout.getvalue(), stderr.getvalue()


def test_one_case_gives_one_object_with_exactly_the_named_keys(tmp_path: Path) -> None:
    status, out, err = answer(json.dumps(CASE), tmp_path)
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "instalments": [
            {
                "scheme": "ordinary",
                "milestone": "M6",
                "employer": "99000007",
                "due_on": "2017-03-01",
                "amount_dkk": 0,
                "status": "REVIEW",
                "reason": "SECTOR_UNKNOWN",
            },
            {
                "scheme": "ordinary",
                "milestone": "M12",
                "employer": "99000007",
                "due_on": "2017-09-01",
                "amount_dkk": 0,
                "status": "REVIEW",
                "reason": "SECTOR_UNKNOWN",
            },
        ],
        "repayment_claims": [],
        "flags": [],
    }


def test_missing_stands_only_where_a_line_is_awaiting(tmp_path: Path) -> None:
    sector = {
        "fact": "EmployerSectorReported",
        "recorded_on": "2016-09-01",
        "employer": "99000007",
        "effective_from": "2016-01-01",
        "sector": "private",
    }
    told = {**CASE, "facts": [PERSON, STARTED, sector]}
    _, out, _ = answer(json.dumps(told), tmp_path)
    first, second = json.loads(out)["instalments"]
    assert (first["status"], first["missing"]) == ("AWAITING", ["application", "confirmation"])
    assert (second["status"], "missing" in second) == ("PENDING", False)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (json.dumps([CASE, EMPTY]), "cases.json"),
        (f"{json.dumps(CASE)}\n\n{json.dumps(EMPTY)}\r\n", "cases.jsonl"),
        (f"{json.dumps(CASE)}\n{json.dumps(EMPTY)}", "cases.txt"),
        (f"\ufeff{json.dumps(CASE)}\n{json.dumps(EMPTY)}", "cases.JSONL"),
    ],
)
def test_a_list_and_lines_give_a_list_in_the_same_order(
    content: str, name: str, tmp_path: Path
) -> None:
    status, out, _ = answer(content, tmp_path, name=name)
    assert status == 0
    assert [len(each["instalments"]) for each in json.loads(out)] == [2, 0]


def test_one_line_gives_a_list_of_one(tmp_path: Path) -> None:
    _, out, _ = answer(json.dumps(EMPTY), tmp_path, name="cases.jsonl")
    assert len(json.loads(out)) == 1


def test_an_empty_list_gives_an_empty_list(tmp_path: Path) -> None:
    assert answer("[]", tmp_path)[:2] == (0, "[]\n")


def test_standard_input_is_read_for_a_dash() -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    stdin = io.BytesIO(json.dumps(EMPTY).encode())
    assert run("-", Style(as_json=True), stdout=stdout, stderr=stderr, stdin=stdin) == 0
    assert json.loads(stdout.getvalue())["instalments"] == []


def broken(**changes: object) -> str:
    return json.dumps([EMPTY, {**CASE, "facts": [PERSON, {**STARTED, **changes}]}])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("{", "no JSON: Expecting property name"),
        ("7", "case 1: a case is an object, not a number"),
        ("[[]]", "case 1: a case is an object, not a list"),
        (f"{json.dumps(EMPTY)}\n{{", "case 2 (line 2): no JSON: Expecting property name"),
        (
            broken(started_on="2017-02-30"),
            "case 2 (id 'a'): fact 2: PlacementStarted, field started_on:"
            " 2017-02-30 is not in the calendar",
        ),
        (broken(fact="Unheard"), "case 2 (id 'a'): fact 2: fact, field fact: 'Unheard' is unknown"),
        (
            broken(person="P2"),
            "case 2 (id 'a'): fact 2: PlacementStarted, field person: 'P2' is a second person",
        ),
        (
            broken(started_on="2017").replace('"2017"', "NaN"),
            "case 2 (id 'a'), fact 2, field 'started_on': NaN is not in JSON",
        ),
        (
            broken(kind="igu").replace('"kind"', '"employer"'),
            "case 2 (id 'a'), fact 2: 'employer' stands twice in one object",
        ),
        (
            json.dumps(EMPTY).replace('"known_on"', '"as_of"'),
            "case 1: 'as_of' stands twice in one object",
        ),
        (
            json.dumps({**EMPTY, "notes": [7, 8]}).replace("8", "-Infinity"),
            "case 1, field 'notes': -Infinity is not in JSON",
        ),
        ("[" * 100_000, "no JSON that can be read: "),
        (json.dumps({**EMPTY, "n": 7}).replace("7}", "9" * 5000 + "}"), "no JSON that can be read"),
        (b"\xff\xfe{}", "can't be read: 'utf-8' codec can't decode"),
    ],
)
def test_bad_input_ends_with_status_2_and_says_where_and_why(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    status, out, err = answer(content, tmp_path)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (" \n", "no JSON: there is no case in the input"),
        (f"{json.dumps(EMPTY)}\nnull\n", "case 2: a case is an object, not null"),
        (f"\n{json.dumps(EMPTY)}\n[1,]\n", "case 2 (line 3): no JSON: "),
    ],
)
def test_bad_lines_are_named(content: str, message: str, tmp_path: Path) -> None:
    status, out, err = answer(content, tmp_path, name="cases.jsonl")
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("file", ["missing.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_ends_with_status_2(file: str) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    assert run(file, Style(as_json=True), stdout=stdout, stderr=stderr) == 2
    assert (stdout.getvalue(), "can't be read" in stderr.getvalue()) == ("", True)


def test_nothing_is_printed_when_a_later_case_is_bad(tmp_path: Path) -> None:
    content = json.dumps([CASE, {**CASE, "as_of": "never"}])
    assert answer(content, tmp_path, as_json=False)[:2] == (2, "")


def test_people_get_rule_law_arithmetic_and_what_is_missing(tmp_path: Path) -> None:
    status, out, _ = answer(json.dumps([CASE, EMPTY]), tmp_path, as_json=False)
    assert status == 0
    assert "Case 1. Seen on 2017-06-01, as known on 2017-06-01." in out
    assert (
        "passed: PERMIT_OLDER_THAN_2Y: hire 2016-09-01 <= 2016-03-10 + 24 months = 2018-03-10"
        " [O5, integrationsloven § 46, stk. 1] (PersonRegistered of 2016-08-25)"
    ) in out
    assert "missing: application: not filed [S3, integrationsloven § 46, stk. 4]" in out
    assert "Case 2. Seen on 2017-06-01, as known on 2017-06-01.\nNo placement here" in out


def test_one_case_is_explained_without_a_number(tmp_path: Path) -> None:
    assert answer(json.dumps(EMPTY), tmp_path, as_json=False)[1].startswith("Seen on 2017-06-01")


def test_a_terminal_that_knows_only_ascii_gets_the_rest_escaped(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(json.dumps(CASE), encoding="utf-8")
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert run(str(tmp_path / "case.json"), Style(as_json=False), stdout=stdout, stderr=stdout) == 0
    stdout.seek(0)
    assert "integrationsloven \\xa7 46" in stdout.read()


def test_an_explained_answer_carries_the_tests_of_each_instalment() -> None:
    case = cases_in(json.dumps(CASE), jsonl=False)
    assert isinstance(case, Case)
    told: Any = as_object(assess_case(case), explained=True)
    first = told["instalments"][0]["explanation"]
    assert first["text"]["en"][0].startswith(
        "ordinary M6, employer 99000007, due 2017-03-01: REVIEW"
    )
    assert first["text"]["en"][1] == "from 2016-09-01, placement L1"
    assert any(line.startswith("raised: SECTOR_UNKNOWN: ") for line in first["text"]["en"])


@pytest.mark.parametrize("content", [json.dumps(CASE), json.dumps([CASE, EMPTY])])
def test_json_carries_the_explanation_where_it_is_asked_for(content: str, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(content, encoding="utf-8")
    told = []
    for explained in (False, True):
        stdout = io.StringIO()
        style = Style(as_json=True, explained=explained)
        assert run(str(tmp_path / "case.json"), style, stdout=stdout, stderr=stdout) == 0
        told.append(stdout.getvalue())
    assert "explanation" not in told[0]
    assert json.loads(told[1]) != json.loads(told[0])
    assert '"explanation"' in told[1]


def test_people_can_read_it_in_danish(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(json.dumps([CASE, EMPTY]), encoding="utf-8")
    stdout = io.StringIO()
    style = Style(as_json=False, language="da")
    assert run(str(tmp_path / "case.json"), style, stdout=stdout, stderr=stdout) == 0
    assert stdout.getvalue().startswith("Sag 1. Set den 01.06.2017, som kendt den 01.06.2017.")
    assert "Sag 2. " in stdout.getvalue()
    assert "Intet forløb her giver bonus." in stdout.getvalue()


def by_other_rules(folder: Path, style: Style) -> tuple[int, str, str]:
    (folder / "case.json").write_text(json.dumps(CASE), encoding="utf-8")
    stdout, stderr = io.StringIO(), io.StringIO()
    file, rules = str(folder / "case.json"), folder / "rules"
    status = run(file, style, stdout=stdout, stderr=stderr, rules_folder=rules)
    return status, stdout.getvalue(), stderr.getvalue()


def test_a_case_can_be_assessed_by_other_rules(tmp_path: Path) -> None:
    export_rules(tmp_path / "rules")
    ordinary = tmp_path / "rules" / "ordinary.yaml"
    told = ordinary.read_text(encoding="utf-8").replace("value: 24,", "value: 5,")
    ordinary.write_text(told, encoding="utf-8")
    status, out, _ = by_other_rules(tmp_path, Style(as_json=True))
    assert status == 0
    assert [each["reason"] for each in json.loads(out)["instalments"]] == [
        "PERMIT_OLDER_THAN_2Y"
    ] * 2
    _, text, _ = by_other_rules(tmp_path, Style(as_json=False))
    assert "hire 2016-09-01 > 2016-03-10 + 5 months = 2016-08-10" in text


def test_rules_that_cannot_be_read_end_with_status_2(tmp_path: Path) -> None:
    export_rules(tmp_path / "rules")
    (tmp_path / "rules" / "igu.yaml").unlink()
    status, out, err = by_other_rules(tmp_path, Style(as_json=True))
    assert (status, out) == (2, "")
    assert "igu.yaml is missing" in err
