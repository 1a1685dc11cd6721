"""Just enough of Kafka's protocol to ask a node which nodes it knows.

An open port says little: a node is ready when its metadata names all the others. The launcher uses
nothing but the standard library, so that it runs before anything is installed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from deploy.kafka.local.ports import HOST

METADATA, SASL_HANDSHAKE, SASL_AUTHENTICATE = 3, 17, 36
MECHANISM = "SCRAM-SHA-512"
SECONDS_MAX = 3.0


@dataclass(frozen=True, slots=True)
class Login:
    """How a secured node is asked."""

    user: str
    password: str = field(repr=False)
    trust: ssl.SSLContext


def known_nodes(port: int, login: Login | None) -> set[int]:
    """Ids of the brokers this node knows to be alive. Raises OSError when it does not answer."""
    with _connection(port, login) as stream:
        # No topics (an empty list), every broker.
        answer = _ask(stream, METADATA, 1, struct.pack(">i", 0))
        (count,) = struct.unpack_from(">i", answer)
        at, found = 4, set[int]()
        for _ in range(count):
            node_id, host_length = struct.unpack_from(">ih", answer, at)
            at += 6 + host_length + 4
            (rack_length,) = struct.unpack_from(">h", answer, at)
            at += 2 + max(rack_length, 0)
            found.add(node_id)
        return found


@contextmanager
def _connection(port: int, login: Login | None) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), timeout=SECONDS_MAX) as plain:
        if login is None:
            yield plain
            return
        with login.trust.wrap_socket(plain, server_hostname=HOST) as sealed:
            _log_in(sealed, login)
            yield sealed


def _log_in(stream: socket.socket, login: Login) -> None:
    """SCRAM (RFC 5802) without channel binding."""
    _ask(stream, SASL_HANDSHAKE, 1, _text(MECHANISM))
    nonce = secrets.token_hex(16)
    first = f"n={login.user},r={nonce}"
    challenge = _authenticate(stream, f"n,,{first}")
    given = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac(
        "sha512", login.password.encode(), base64.b64decode(given["s"]), int(given["i"])
    )
    client_key = hmac.digest(salted, b"Client Key", "sha512")
    without_proof = f"c=biws,r={given['r']}"
    signed = f"{first},{challenge},{without_proof}".encode()
    signature = hmac.digest(hashlib.sha512(client_key).digest(), signed, "sha512")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    _authenticate(stream, f"{without_proof},p={base64.b64encode(proof).decode()}")


def _authenticate(stream: socket.socket, words: str) -> str:
    answer = _ask(
        stream, SASL_AUTHENTICATE, 0, struct.pack(">i", len(words.encode())) + words.encode()
    )
    code, message_length = struct.unpack_from(">hh", answer)
    if code != 0:
        raise ConnectionError(f"the node does not let us in (error {code})")
    at = 4 + max(message_length, 0)
    (length,) = struct.unpack_from(">i", answer, at)
    return answer[at + 4 : at + 4 + length].decode()


def _ask(stream: socket.socket, what: int, version: int, body: bytes) -> bytes:
    request = struct.pack(">hhi", what, version, 1) + _text("sammen-launcher") + body
    stream.sendall(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", _read(stream, 4))
    return _read(stream, length)[4:]


def _read(stream: socket.socket, length: int) -> bytes:
    got = b""
    while len(got) < length:
        part = stream.recv(length - len(got))
        if not part:
            raise ConnectionError("the node closed the connection")
        got += part
    return got


def _text(words: str) -> bytes:
    return struct.pack(">h", len(words.encode())) + words.encode()
