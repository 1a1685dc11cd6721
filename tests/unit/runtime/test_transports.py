"""Which bus, and as whom, is said in full or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka.local.certificates import make_certificates
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.kafka.access import Credentials, KafkaAccess
from shared.messaging.kafka.transport import KafkaTransport
from shared.runtime.settings import SettingsError, read_settings
from shared.runtime.transports import (
    administrator_access,
    check_bus,
    service_access,
    transport_opener,
)

BROKER = {"SAMMEN_KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"}
PLAIN = {**BROKER, "SAMMEN_KAFKA_SECURITY": "plain"}
SCRAM = {**BROKER, "SAMMEN_KAFKA_SECURITY": "scram"}


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    make_certificates(tmp_path)
    return tmp_path / "ca.pem"


def test_the_bus_inside_postgresql_is_reached_by_the_services_own_database_address() -> None:
    settings = read_settings(
        {
            "SAMMEN_KAFKA_BOOTSTRAP_SERVERS": "embedded",
            "SAMMEN_BONUS_DATABASE_URL": "postgresql://sammen_bonus:x@127.0.0.1:1/sammen",
        }
    )
    open_transport = transport_opener(settings)
    assert isinstance(open_transport("bonus"), EmbeddedTransport)
    with pytest.raises(SettingsError, match="SAMMEN_EVALUATION_DATABASE_URL is not set"):
        open_transport("evaluation")
    assert administrator_access(settings) is None


def test_each_service_is_a_user_of_its_own_name(ca_file: Path) -> None:
    settings = read_settings(
        {
            **SCRAM,
            "SAMMEN_KAFKA_CA_FILE": str(ca_file),
            "SAMMEN_BONUS_KAFKA_PASSWORD": "hunter2",
            "SAMMEN_KAFKA_ADMIN_USER": "operations",
            "SAMMEN_KAFKA_ADMIN_PASSWORD": "hunter3",
        }
    )
    assert service_access(settings, "bonus") == KafkaAccess(
        "kafka.example:9092", Credentials("bonus", "hunter2"), ca_file
    )
    assert administrator_access(settings) == KafkaAccess(
        "kafka.example:9092", Credentials("operations", "hunter3"), ca_file
    )
    assert "hunter" not in f"{settings!r} {service_access(settings, 'bonus')!r}"


async def test_a_service_on_a_cluster_speaks_kafka() -> None:
    transport = transport_opener(read_settings(PLAIN))("bonus")
    assert isinstance(transport, KafkaTransport)
    await transport.close()


def test_in_the_clear_nobody_has_a_name() -> None:
    settings = read_settings(PLAIN)
    assert service_access(settings, "bonus") == KafkaAccess("kafka.example:9092")
    check_bus(settings, ["bonus", "evaluation"])


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "SAMMEN_KAFKA_BOOTSTRAP_SERVERS is not set"),
        (BROKER, r"SAMMEN_KAFKA_SECURITY is not set.*scram.*plain"),
        (SCRAM, "SAMMEN_KAFKA_ADMIN_PASSWORD is not set: .* of the user admin"),
        (
            {**SCRAM, "SAMMEN_KAFKA_ADMIN_PASSWORD": "x", "SAMMEN_BONUS_KAFKA_PASSWORD": "x"},
            "SAMMEN_EVALUATION_KAFKA_PASSWORD is not set: .* of the user evaluation",
        ),
        ({**PLAIN, "SAMMEN_KAFKA_CA_FILE": "ca.pem"}, "SAMMEN_KAFKA_CA_FILE is set, and SAMMEN_KA"),
        (
            {**PLAIN, "SAMMEN_BONUS_KAFKA_PASSWORD": "x"},
            "SAMMEN_BONUS_KAFKA_PASSWORD is set, and SAMMEN_KAFKA_SECURITY is plain",
        ),
        (
            {**PLAIN, "SAMMEN_KAFKA_ADMIN_PASSWORD": "x"},
            "SAMMEN_KAFKA_ADMIN_PASSWORD is set, and SAMMEN_KAFKA_SECURITY is plain",
        ),
        ({**SCRAM, "SAMMEN_KAFKA_CA_FILE": "no-such.pem"}, "no-such.pem is no readable file"),
        ({**SCRAM, "SAMMEN_KAFKA_CA_FILE": "pyproject.toml"}, "pyproject.toml is no readable file"),
    ],
)
def test_what_is_not_said_in_full_is_told_with_the_variable(
    environment: dict[str, str], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        check_bus(read_settings(environment), ["bonus", "evaluation"])
