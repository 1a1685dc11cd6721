"""Where a cluster is, who we are there, and how we prove it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

MECHANISM = "SCRAM-SHA-512"

FRESH_LEADERS = {"topic.metadata.refresh.interval.ms": "1000", "metadata.max.age.ms": "2000"}
"""librdkafka would believe for a quarter of an hour in brokers that are gone."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of the cluster; its name is the principal that ACLs speak of."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """How to reach a cluster: with credentials by TLS and SCRAM, without them in the clear."""

    bootstrap_servers: str
    credentials: Credentials | None = None
    ca_file: Path | None = None
    """Who signed the brokers' certificates, in PEM; None = whom this machine trusts."""

    def for_aiokafka(self) -> dict[str, object]:
        """What aiokafka's clients take to connect so. Raises OSError when `ca_file` can't be read,
        ssl.SSLError when it holds no certificate.
        """
        if self.credentials is None:
            return {"bootstrap_servers": self.bootstrap_servers}
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": self.credentials.user,
            "sasl_plain_password": self.credentials.password,
            "ssl_context": self.ssl_context(),
        }

    def ssl_context(self) -> ssl.SSLContext:
        """Whose certificates are believed. Raises OSError or ssl.SSLError as above."""
        return ssl.create_default_context(cafile=self.ca_file)

    def for_librdkafka(self) -> dict[str, str]:
        """What confluent-kafka's clients take to connect so."""
        basics = {"bootstrap.servers": self.bootstrap_servers, **FRESH_LEADERS}
        if self.credentials is None:
            return basics
        by_whom = {"ssl.ca.location": str(self.ca_file)} if self.ca_file else {}
        return {
            **basics,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": MECHANISM,
            "sasl.username": self.credentials.user,
            "sasl.password": self.credentials.password,
            **by_whom,
        }
