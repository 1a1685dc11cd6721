"""Passwords travel to the server as SCRAM verifiers, so that no log of it ever holds one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096  # PostgreSQL's own default, scram_iterations
SALT_BYTES = 16


def scram_verifier(password: str) -> str:
    """Turn a password of printable ASCII into what `ALTER ROLE ... PASSWORD` stores (RFC 5803)."""
    # Other characters would need SASLprep before hashing, and a generator never makes them.
    assert password.isascii(), "a database password is printable ASCII"
    assert password.isprintable(), "a database password is printable ASCII"
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(binary: bytes) -> str:
    return base64.b64encode(binary).decode()
