"""`make kafka ARGS=--secured`, and what somebody does next: export what it says, make topics."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from deploy.kafka.local.ports import free_ports
from tests.integration.commands.conftest import Sammen, sammen
from tests.support.kafka_cluster import kafka_or_skip
from tests.support.lifelines import ending_with_me

__all__ = ["sammen"]

SECONDS_MAX = 90
PREFIX = "SAMMEN_"
BOOTSTRAP = "kafka_bootstrap_servers"


def test_a_secured_cluster_says_what_to_export_and_that_is_enough(
    sammen: Sammen, tmp_path: Path
) -> None:
    kafka_or_skip()
    kafka = subprocess.Popen(
        ending_with_me(
            *(sys.executable, "-m", "deploy.kafka.local", "up", "--secured"),
            *("--data", str(tmp_path / "kafka"), "--port", str(free_ports(1)[0])),
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert kafka.stdout is not None
        said = ""
        for line in kafka.stdout:
            said += line
            if "Stop it with Ctrl-C" in line:
                break
        exported = dict(re.findall(r"^  export (\w+)=(\S+)$", said, flags=re.MULTILINE))
        settings = {name.removeprefix(PREFIX).lower(): text for name, text in exported.items()}
        assert sammen("topics", "create", "--copies", "1", **settings).status == 0
        doctor = sammen("doctor", **settings, http_port="0", ops_port="0")
        for service in ("membership", "placements", "bonus", "notifications", "evaluation"):
            assert (
                f"ok      {settings['kafka_bootstrap_servers']} answers {service}" in doctor.lines
            )
    finally:
        kafka.send_signal(signal.SIGINT)
        kafka.communicate(timeout=SECONDS_MAX)
    assert kafka.returncode == 0
    passwords = tmp_path / "kafka" / "cluster.json"
    assert passwords.stat().st_mode & 0o077 == 0
