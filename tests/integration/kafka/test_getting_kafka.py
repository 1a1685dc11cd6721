"""What a start needs is fetched once, and what is missing is named with its remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from deploy.kafka.local import LocalKafka, LocalKafkaError
from deploy.kafka.local.fetching import cache_folder
from deploy.kafka.local.memory import _random_id
from tests.support.kafka_cluster import kafka_or_skip

CHECKOUT = Path(__file__).parents[3]
FETCH = "from deploy.kafka.local.fetching import fetch_jars; print(fetch_jars())"

# Stands for Maven: notes that it ran, takes a while, leaves a jar where it is told to or fails.
MAVEN = """#!/bin/sh
echo ran >> "$0.runs"
sleep 0.5
[ -e "$0.broken" ] && { echo 'no route to host'; exit 1; }
for word; do case $word in -DoutputDirectory=*) touch "${word#*=}/kafka_0.jar";; esac; done
"""


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache and this Maven before any other."""
    program = tmp_path / "mvn"
    program.write_text(MAVEN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return program


def fetching() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", FETCH],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_fetch_once(maven: Path) -> None:
    said = [each.communicate()[0] for each in (fetching(), fetching())]
    assert said == [f"{cache_folder()}\n"] * 2
    assert maven.with_name("mvn.runs").read_text() == "ran\n"
    assert [path.name for path in cache_folder().iterdir()] == ["kafka_0.jar"]


def test_a_failed_fetch_leaves_nothing_and_is_tried_again(maven: Path) -> None:
    broken = maven.with_name("mvn.broken")
    broken.touch()
    first = fetching()
    _, complaint = first.communicate()
    assert first.returncode != 0
    assert "Maven did not get Apache Kafka" in complaint
    assert "no route to host" in complaint
    assert [path.name for path in cache_folder().parent.iterdir()] == ["broker.lock"]
    broken.unlink()
    again = fetching()
    assert again.communicate()[0] == f"{cache_folder()}\n"


@pytest.mark.parametrize(
    ("missing", "remedy"),
    [("java", "Java is missing; remedy: sudo apt-get install"), ("mvn", "Maven is missing")],
)
def test_what_is_missing_is_named(
    missing: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "java"
    if missing != "java":
        java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(LocalKafkaError, match=remedy):
        LocalKafka(tmp_path / "cluster").start()
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Skipped, match=remedy):
        kafka_or_skip()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match=remedy):
        kafka_or_skip()


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin/java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(LocalKafkaError, match="is not Java 17 or later"):
        LocalKafka(tmp_path / "cluster").start()


def test_no_id_looks_like_an_option() -> None:
    made = {_random_id() for _ in range(2_000)}
    assert len(made) == 2_000
    assert {len(each) for each in made} == {22}
    assert not [each for each in made if each.startswith("-")]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    kafka_or_skip()
    (tmp_path / "letters").write_text("kept")
    kafka = LocalKafka(tmp_path, throw_away=True)
    with pytest.raises(LocalKafkaError, match="holds something else"):
        kafka.start()
    kafka.stop()
    assert (tmp_path / "letters").read_text() == "kept"
