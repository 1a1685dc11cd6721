"""On a bare machine everything missing is filled in and said; one system to a data folder."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from shared.runtime.embedded import local_issuer
from shared.runtime.settings import read_settings
from tests.support.lifelines import guarded
from tests.support.processes import process, wait_for

CVR = "99000007"
READY_SECONDS_MAX = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; no server in it or beside it outlives the test."""
    with guarded(tmp_path):
        yield tmp_path / "sammen"


@contextmanager
def up(folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """An embedded system in the folder, once it is ready, and what it said then."""
    environment = {"SAMMEN_DATA_DIR": str(folder), "SAMMEN_OPS_PORT": "0", "SAMMEN_HTTP_PORT": "0"}
    with process("up", environment | settings) as running:
        yield running, json.loads(wait_for(running, "process_ready"))


def stop(running: subprocess.Popen[str]) -> str:
    """End it well; what it said on standard error."""
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    return errors


def client(folder: Path, address: str) -> httpx.Client:
    """A client with a token as `sammen token` prints it."""
    issuer = local_issuer(read_settings({"SAMMEN_DATA_DIR": str(folder)}))
    token = issuer.issue_token("company", cvr=CVR, lifetime=timedelta(minutes=5))
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"})


def server_is_running(folder: Path) -> bool:
    return (folder / "postgres" / "cluster" / "postmaster.pid").exists()


def test_everything_missing_is_filled_in_and_said(folder: Path) -> None:
    with up(folder) as (running, said):
        with client(folder, said["address"]) as company:
            answer = company.post("/membership/v1/companies", json={"cvr": CVR})
        assert answer.status_code == 201
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        errors = stop(running)
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL", "OIDC_ISSUER", "VAULT_KEY"):
        assert f"SAMMEN_{name} is not set" in errors
    assert "ANYBODY can sign in as anybody" in errors
    assert (folder / "mails").is_dir()
    assert not server_is_running(folder)


def test_a_second_system_in_the_folder_is_told_who_is_at_work(folder: Path) -> None:
    with up(folder) as (running, _):
        with process("up", {"SAMMEN_DATA_DIR": str(folder)}) as second:
            _, errors = second.communicate(timeout=30)
        assert second.returncode != 0
        assert f"in use by process {running.pid}" in errors
        stop(running)


def test_after_a_kill_the_next_start_goes_on_with_what_was_there(folder: Path) -> None:
    with up(folder) as (running, said):
        with client(folder, said["address"]) as company:
            first = company.post(
                "/membership/v1/companies", json={"cvr": CVR}, headers={"Idempotency-Key": "k"}
            )
        running.kill()
        running.wait()
    assert server_is_running(folder)
    with up(folder) as (running, said):
        with client(folder, said["address"]) as company:
            again = company.post(
                "/membership/v1/companies", json={"cvr": CVR}, headers={"Idempotency-Key": "k"}
            )
        errors = stop(running)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert "found running from before" in errors
    assert not server_is_running(folder)


def test_a_signal_while_starting_leaves_no_server_behind(folder: Path) -> None:
    with process("up", {"SAMMEN_DATA_DIR": str(folder)}) as running:
        wait_until_exists(folder / "postgres")
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in errors) == (0, False), errors
    assert not server_is_running(folder)


def wait_until_exists(path: Path) -> None:
    give_up_at = time.monotonic() + READY_SECONDS_MAX
    while not path.exists():
        assert time.monotonic() < give_up_at, f"{path} never came"
        time.sleep(0.01)


def test_a_port_that_was_asked_for_and_is_taken_is_not_exchanged(folder: Path) -> None:
    with up(folder) as (running, said):
        port = said["address"].rpartition(":")[2]
        other = folder.parent / "other"
        with process("up", {"SAMMEN_DATA_DIR": str(other), "SAMMEN_HTTP_PORT": port}) as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode != 0
        assert f"Port {port}" in errors
        assert not server_is_running(other)
        stop(running)
