"""What people type, where the bus is a cluster."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from shared.contracts.topics import load_topics
from shared.messaging.kafka.provisioning import check_topics
from tests.integration.commands.conftest import Sammen, sammen
from tests.support.kafka_cluster import access_to, kafka_cluster
from tests.support.lifelines import guarded
from tests.support.processes import process, wait_for

__all__ = ["sammen"]


def in_the_clear(kafka: LocalKafka) -> dict[str, str]:
    return {"kafka_bootstrap_servers": kafka.bootstrap_servers, "kafka_security": "plain"}


def with_password(kafka: LocalKafka, **passwords: str) -> dict[str, str]:
    return {
        "kafka_bootstrap_servers": kafka.bootstrap_servers,
        "kafka_security": "scram",
        "kafka_ca_file": str(kafka.ca_file),
        **passwords,
    }


def test_topics_are_made_and_checked_as_the_administrator(
    sammen: Sammen, secured: LocalKafka
) -> None:
    admin = with_password(secured, kafka_admin_password=secured.password_of("admin"))
    assert sammen("topics", "create", "--copies", "1", **admin).status == 0
    check = sammen("topics", "check", "--copies", "1", **admin)
    assert (check.status, check.output) == (0, "Every topic is as declared.\n")
    strict = sammen("topics", "check", **admin)
    assert (strict.status, "fewer copies than the file says" in strict.output) == (1, True)


def test_what_stands_in_the_way_is_told_in_one_line(
    sammen: Sammen, secured: LocalKafka, plain: LocalKafka
) -> None:
    for settings, status, complaint in (
        ({**in_the_clear(plain), "kafka_security": ""}, 2, "SAMMEN_KAFKA_SECURITY is not set"),
        (with_password(secured), 2, "SAMMEN_KAFKA_ADMIN_PASSWORD is not set"),
        (with_password(secured, kafka_admin_password="hunter2"), 1, "correct the user's password"),
        ({**in_the_clear(plain), "kafka_bootstrap_servers": "127.0.0.1:1"}, 1, "no broker of"),
    ):
        said = sammen("topics", "check", **settings)
        assert (said.status, said.output, len(said.errors.splitlines())) == (status, "", 1)
        assert complaint in said.errors
        assert "hunter2" not in said.errors


def test_doctor_tries_each_user_whose_password_is_set(sammen: Sammen, secured: LocalKafka) -> None:
    settings = with_password(
        secured,
        bonus_kafka_password=secured.password_of("bonus"),
        placements_kafka_password="wrong",
        http_port="0",
        ops_port="0",
    )
    said = sammen("doctor", **settings)
    assert f"ok      {secured.bootstrap_servers} answers bonus" in said.lines
    (complaint,) = [line for line in said.lines if line.startswith("not ok")]
    assert "answers placements" in complaint
    assert "correct the user's password" in complaint


@pytest.mark.slow
async def test_up_makes_topics_as_well_as_a_small_cluster_can_and_says_so(tmp_path: Path) -> None:
    with guarded(tmp_path), kafka_cluster() as kafka:
        settings = {
            "SAMMEN_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "SAMMEN_KAFKA_SECURITY": "plain",
            "SAMMEN_DATA_DIR": str(tmp_path / "sammen"),
            "SAMMEN_HTTP_PORT": "0",
            "SAMMEN_OPS_PORT": "0",
        }
        with process("up", settings) as running:
            assert json.loads(wait_for(running, "process_ready"))["address"]
            running.send_signal(signal.SIGTERM)
            _, errors = running.communicate(timeout=60)
        assert running.returncode == 0, errors
        assert "each record is kept 1 time(s) instead of 3" in errors
        assert await check_topics(access_to(kafka), load_topics(), copies_max=1) == []
