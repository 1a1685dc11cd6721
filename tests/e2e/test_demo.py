"""The demo as a newcomer runs it, and as somebody runs it who pulled the plug on the first one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.demo.timeline import load_timeline
from shared.values.persons import contains_person_number

SAMMEN = str(Path(sys.executable).with_name("sammen"))
SECONDS_MAX = 240
EXPECTED = {
    "companies": "10",
    "places pledged": "58",
    "persons registered": "40",
    "persons placed: igu": "4",
    "persons placed: ordinary": "27",
    "requests sent": "273",
    "requests refused": "0",
    "facts accepted": "399",
    "facts duplicate": "3",
    "facts parked": "4",
    "facts refused": "10",
    "instalments DUE": "31",
    "instalments AWAITING": "7",
    "instalments PENDING": "4",
    "instalments REVIEW": "6",
    "instalments REFUSED": "22",
    "dead letters": "0",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose PostgreSQL is gone when the test is."""
    yield tmp_path
    pid_file = tmp_path / "demo/postgres/cluster/postmaster.pid"
    if pid_file.exists():
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)


def start_demo(folder: Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN_")}
    return subprocess.Popen(
        [SAMMEN, "demo", "--exit"],
        env={**kept, "SAMMEN_DATA_DIR": str(folder), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def summary_of(output: str) -> dict[str, str]:
    """The first two columns of the summary's table."""
    rows = re.findall(r"^│ (.+?) +│ +(\S+) │", output, flags=re.MULTILINE)
    return dict(rows)


def test_a_demo_killed_half_way_is_started_over_and_comes_to_its_end(folder: Path) -> None:
    first = start_demo(folder)
    assert first.stderr is not None
    for line in first.stderr:
        if "2017-01-01" in line:
            break
    first.kill()
    first.communicate(timeout=SECONDS_MAX)
    assert first.returncode == -signal.SIGKILL

    second = start_demo(folder)
    output, told = second.communicate(timeout=SECONDS_MAX)
    assert second.returncode == 0, told
    assert "stopped half-way" in told
    summary = summary_of(output)
    assert {name: summary.get(name) for name in EXPECTED} == EXPECTED
    mails = list((folder / "demo/mails").glob("*.eml"))
    assert summary["mails"] == str(len(mails))
    assert len(mails) > 40
    assert not (folder / "demo/postgres/cluster/postmaster.pid").exists()
    assert not person_numbers_in([folder / "demo/log.jsonl", *mails])


def person_numbers_in(files: list[Path]) -> list[str]:
    """Names of the files in which a person number stands, or a name or number of the sample."""
    sent = [request.body for request in load_timeline()]
    numbers = {
        str(body["civil_registration_number"])
        for body in sent
        if isinstance(body, dict) and "civil_registration_number" in body
    }
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        if contains_person_number(text) or any(number in text for number in numbers):
            found.append(file.name)
    return found
