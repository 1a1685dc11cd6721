"""A certificate authority of a cluster's own, and the one certificate its nodes share."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.ports import HOST

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

AUTHORITY_NAME = "sammen-kafka-authority"
NODE_NAME = "sammen-kafka-node"
"""The common name in the nodes' certificate, by which controllers know their brokers."""
YEARS = 10


def make_certificates(folder: Path) -> None:
    """Write `ca.pem` (the authority) and `node.pem` (key, then certificate) into the folder.

    The authority's own key is thrown away. Raises LocalKafkaError where the project's environment
    is missing.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise LocalKafkaError(
            "a secured Kafka needs the Python package cryptography; "
            "remedy: run it by .venv/bin/python"
        ) from error

    authority_key, node_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed(
        AUTHORITY_NAME,
        authority_key,
        authority_key,
        x509.BasicConstraints(ca=True, path_length=0),
    )
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    node = _signed(NODE_NAME, node_key, authority_key, x509.SubjectAlternativeName(hosts))
    key = node_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "ca.pem").write_bytes(authority)
    (folder / "node.pem").touch(mode=0o600)
    (folder / "node.pem").write_bytes(key + node)


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    authority_key: ec.EllipticCurvePrivateKey,
    what_it_is: object,
) -> bytes:
    """A certificate in PEM that strict readers take too."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    assert isinstance(what_it_is, x509.BasicConstraints | x509.SubjectAlternativeName)
    is_authority = isinstance(what_it_is, x509.BasicConstraints)
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        **dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment"),
                *("key_agreement", "encipher_only", "decipher_only"),
            ),
            False,
        ),
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        x509.CertificateBuilder(
            issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, AUTHORITY_NAME)]),
            subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(days=1),
            not_valid_after=now + datetime.timedelta(days=365 * YEARS),
        )
        .add_extension(what_it_is, critical=is_authority)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(authority_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
