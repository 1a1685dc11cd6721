"""Java, and the jars of Apache Kafka in a cache outside the checkout."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.kafka.local.failure import LocalKafkaError

POM = Path(__file__).parents[1] / "pom.xml"
JAVA_MAJOR_MIN = 17
INSTALL = "sudo apt-get install openjdk-17-jre-headless maven"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
BROKER, TOOLS = "broker", "tools"


@dataclass(frozen=True, slots=True)
class Java:
    """A program that is Java, and what it says it is."""

    program: Path
    version: str


def find_java() -> Java:
    """The Java of JAVA_HOME, else of PATH. Raises LocalKafkaError when there is none of age."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None and home:
        raise LocalKafkaError(f"JAVA_HOME is {home}, where no Java is; remedy: correct or unset it")
    if found is None:
        raise LocalKafkaError(f"Java is missing; remedy: {INSTALL}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA_MAJOR_MIN:
        raise LocalKafkaError(
            f"{found} is not Java {JAVA_MAJOR_MIN} or later; remedy: {INSTALL}, or set JAVA_HOME"
        )
    return Java(Path(found), said)


def class_archive(java: Java, jars: Path) -> Path:
    """Where the archive of Kafka's classes lies, if there is one, for this Java."""
    return jars.parent / f"classes-{_fingerprint(java.version.encode())}.jsa"


def cache_folder(part: str = BROKER) -> Path:
    """Where the jars lie, or will: another folder for every content of pom.xml."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "sammen" / f"kafka-{_fingerprint(POM.read_bytes())}" / part


def fetch_jars(part: str = BROKER, say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder with the broker's jars, or those of the official command line (TOOLS).

    Fetches what is missing; of several processes that want the same one fetches and the others
    wait. Raises LocalKafkaError, with the remedy, when Maven is missing or doesn't get them, or the
    cache can't be written.
    """
    folder = cache_folder(part)
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalKafkaError(f"Apache Kafka is not fetched and Maven is missing; {INSTALL}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{part}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                say("fetching Apache Kafka by Maven (43 MB, once)")
                _fetch(maven, part, folder)
    except OSError as error:
        raise LocalKafkaError(
            f"Apache Kafka can't be put into {folder.parent} ({error.strerror}); remedy: name "
            "another cache by XDG_CACHE_HOME"
        ) from error
    return folder


def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _fetch(maven: str, part: str, folder: Path) -> None:
    for left in folder.parent.glob(f"{part}-*"):  # by one that was killed: the lock is ours
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{part}-", dir=folder.parent))
    try:
        result = subprocess.run(
            [
                *(maven, "-q", "-B", "--strict-checksums", "-f", str(POM)),
                *([f"-P{TOOLS}"] if part == TOOLS else []),
                "dependency:copy-dependencies",
                *(f"-DoutputDirectory={draft}", "-DincludeScope=runtime"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != 0 or not any(draft.glob("kafka_*.jar")):
            words = "\n".join(COLOUR.sub("", result.stdout).strip().splitlines()[:2])
            raise LocalKafkaError(
                "Maven did not get Apache Kafka; remedy: try again with a network, "
                f"or look at what it said:\n{words}"
            )
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
