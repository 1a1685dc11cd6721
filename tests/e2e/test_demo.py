"""The demo as a newcomer runs it, and as somebody runs it who pulled the plug on the first one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.demo.timeline import load_timeline
from shared.values.persons import contains_person_number
from tests.support.kafka_cluster import kafka_or_skip
from tests.support.lifelines import WHOEVER, ending_with_me, guarded

SAMMEN = str(Path(sys.executable).with_name("sammen"))
BESIDE_KAFKA = (sys.executable, "-m", "deploy.kafka.local", "with", "--fresh", "--")
"""As `make demo KAFKA=local` does."""
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
    "instalments accrued": "11",
    "instalments ordered": "32",
    "instalments paid": "32",
    "instalments claimed": "2",
    "dead letters": "0",
}
EXPECTED_KRONER = {
    "instalments DUE": "DKK 585,000",
    "instalments accrued": "DKK 183,301.35",
    "instalments ordered": "DKK 610,000",
    "instalments paid": "DKK 610,000",
    "instalments claimed": "DKK 25,000",
}
"""What was paid is what is due, and what is claimed back; accrued is what waits or lies ahead."""


@dataclass(frozen=True)
class Ended:
    """A demo that came to its end."""

    folder: Path
    status: int
    output: str
    told: str

    def rows(self) -> dict[str, tuple[str, str]]:
        """The summary's table: what was counted, how many, and the kroner or days beside it."""
        cells = r"^│ (.+?) +│ +(\S+) │ +(.*?) │"
        rows = re.findall(cells, self.output, flags=re.MULTILINE)
        return {name: (number, beside) for name, number, beside in rows}

    def mails(self) -> list[Path]:
        """The mails it wrote."""
        return list((self.folder / "demo/mails").glob("*.eml"))


@contextmanager
def folder_of_a_demo() -> Iterator[Path]:
    """A data folder, whose PostgreSQL is gone when the test is."""
    folder = Path(tempfile.mkdtemp(prefix="sammen-test-demo-"))
    with guarded(folder):
        yield folder


def start_demo(folder: Path, *beside: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN_")}
    return subprocess.Popen(
        ending_with_me(*beside, *ending_with_me(SAMMEN, "demo", "--exit", parent=WHOEVER)),
        env={**kept, "SAMMEN_DATA_DIR": str(folder), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(demo: subprocess.Popen[str], folder: Path) -> Ended:
    output, told = demo.communicate(timeout=SECONDS_MAX)
    return Ended(folder, demo.returncode, output, told)


@pytest.fixture(scope="module")
def second() -> Iterator[Ended]:
    """The demo after one that was killed half-way."""
    with folder_of_a_demo() as folder:
        first = start_demo(folder)
        assert first.stderr is not None
        for line in first.stderr:
            if "2017-01-01" in line:
                break
        first.kill()
        first.communicate(timeout=SECONDS_MAX)
        assert first.returncode == -signal.SIGKILL
        yield end_of(start_demo(folder), folder)


def test_a_demo_killed_half_way_is_started_over_and_comes_to_its_end(second: Ended) -> None:
    assert second.status == 0, second.told
    assert "stopped half-way" in second.told
    rows, mails = second.rows(), second.mails()
    assert {name: rows[name][0] for name in EXPECTED} == EXPECTED
    assert {name: rows[name][1] for name in EXPECTED_KRONER} == EXPECTED_KRONER
    assert rows["mails"][0] == str(len(mails))
    assert len(mails) > 40
    assert not (second.folder / "demo/postgres/cluster/postmaster.pid").exists()
    assert not person_numbers_in([second.folder / "demo/log.jsonl", *mails])


def test_the_demo_on_apache_kafka_comes_to_the_same(second: Ended) -> None:
    kafka_or_skip()
    with folder_of_a_demo() as folder:
        on_kafka = end_of(start_demo(folder, *BESIDE_KAFKA), folder)
        assert on_kafka.status == 0, on_kafka.told
        assert "using the bus inside PostgreSQL" not in on_kafka.told
        here, there = on_kafka.rows(), second.rows()
        del here["seconds"], there["seconds"]
        assert here == there
        assert len(on_kafka.mails()) == len(second.mails())


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
