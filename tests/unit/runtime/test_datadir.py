"""One system at a time in a data folder, and its secrets for its owner's eyes only."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime import datadir
from shared.runtime.datadir import DataDirHeldError

HOLD = """
import sys
from pathlib import Path
from shared.runtime.datadir import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_system_is_told_who_is_at_work(tmp_path: Path) -> None:
    folder = tmp_path / "made-here"
    with holder(folder) as other:
        told = pytest.raises(DataDirHeldError, match=f"in use by process {other.pid};")
        with told, datadir.held(folder):
            raise AssertionError("never reached")
        other.communicate()
    with datadir.held(folder):
        assert (folder / datadir.LOCK_FILE).read_text() == f"{os.getpid()}\n"


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    with datadir.held(tmp_path):
        pass


def test_passwords_are_made_once_and_kept(tmp_path: Path) -> None:
    first = datadir.passwords(tmp_path, ["bonus"])
    both = datadir.passwords(tmp_path, ["bonus", "placements"])
    assert both["bonus"] == first["bonus"]
    assert both["bonus"] != both["placements"]
    assert datadir.passwords(tmp_path, ["bonus"]) == first
    assert stat.S_IMODE((tmp_path / datadir.PASSWORDS_FILE).stat().st_mode) == 0o600


def test_addresses_are_kept_for_the_owner_only(tmp_path: Path) -> None:
    assert datadir.known_addresses(tmp_path) == {}
    datadir.remember_addresses(tmp_path, {"bonus_database_url": "postgresql://secret"})
    assert datadir.known_addresses(tmp_path) == {"bonus_database_url": "postgresql://secret"}
    assert stat.S_IMODE((tmp_path / datadir.ADDRESSES_FILE).stat().st_mode) == 0o600
