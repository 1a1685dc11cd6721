"""A civil registration number is sealed here, before anything is said to the database.

Keys are derived from the one secret, one for each purpose: the index key turns a number into the
index it is found by (HMAC-SHA256; a bare hash of ten digits is guessed in a minute), the
key-encryption key wraps each person's own data key (RFC 3394), and the mark says which secret a
vault belongs to.
A number lies under its person's data key (AES-256-GCM), bound to the person's reference, so that
destroying the data key destroys the number, and rows can't be swapped.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from shared.runtime.settings import Settings, SettingsError, variable

SECRET_BYTES = 32
KEY_BYTES = 32
NONCE_BYTES = 12
MARK_BYTES = 16
OTHERS_MAY_READ = 0o077
HOW_TO_MAKE_ONE = "make one with `openssl rand -base64 32`"


class VaultKeyError(SettingsError):
    """The vault's secret can't be used; the message says which and what to do."""


class SealBrokenError(Exception):
    """What lies in the vault was not sealed with this secret, for this person."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One person as the vault keeps her; every part is opaque to the database."""

    reference: str
    lookup_index: bytes
    wrapped_key: bytes
    sealed_number: bytes


class Vault:
    """Seals and opens civil registration numbers; holds the keys, and nothing about anybody."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise VaultKeyError(
                f"the vault's secret has {len(secret)} bytes instead of {SECRET_BYTES}; "
                f"{HOW_TO_MAKE_ONE}"
            )
        self._index_key = _derived(secret, b"index")
        self._key_encryption_key = _derived(secret, b"key encryption")
        self._concealing_key = _derived(secret, b"concealing")
        self.mark = _derived(secret, b"mark")[:MARK_BYTES]
        """Tells one secret from another without telling anything of it."""

    def conceal(self, digest: bytes) -> bytes:
        """A digest of something with a person number in it, made safe to keep.

        Numbers are so few that whoever holds a plain digest finds the number by trying them all.
        """
        return hmac.digest(self._concealing_key, digest, "sha256")

    def seal(self, number: str) -> Sealed:
        """Seal ten digits for a person not seen before, under a random reference and a new key."""
        reference = str(uuid.uuid4())
        data_key = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = AESGCM(data_key).encrypt(nonce, number.encode(), reference.encode())
        return Sealed(
            reference=reference,
            lookup_index=hmac.digest(self._index_key, number.encode(), "sha256"),
            wrapped_key=aes_key_wrap(self._key_encryption_key, data_key),
            sealed_number=nonce + ciphertext,
        )

    def open(self, reference: str, wrapped_key: bytes, sealed_number: bytes) -> str:
        """The ten digits sealed for this reference. Raises SealBrokenError."""
        nonce, ciphertext = sealed_number[:NONCE_BYTES], sealed_number[NONCE_BYTES:]
        try:
            data_key = aes_key_unwrap(self._key_encryption_key, wrapped_key)
            return AESGCM(data_key).decrypt(nonce, ciphertext, reference.encode()).decode()
        except (InvalidUnwrap, InvalidTag, ValueError) as error:
            raise SealBrokenError(
                f"the number of {reference} does not open: another secret, or an altered row"
            ) from error


def read_secret(text: str) -> bytes:
    """The secret of a setting: base64 of 32 bytes. Raises VaultKeyError, never repeating it."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise VaultKeyError(f"the vault's secret is not base64; {HOW_TO_MAKE_ONE}") from error
    if len(secret) != SECRET_BYTES:
        raise VaultKeyError(
            f"the vault's secret has {len(secret)} bytes instead of {SECRET_BYTES}; "
            f"{HOW_TO_MAKE_ONE}"
        )
    return secret


def check_vault_key(settings: Settings) -> None:
    """Raise VaultKeyError when SAMMEN_VAULT_KEY is set and is no secret for the vault."""
    if settings.vault_key is not None:
        try:
            read_secret(settings.vault_key.get_secret_value())
        except VaultKeyError as error:
            raise VaultKeyError(f"{variable('vault_key')}: {error}") from error


def find_or_create_secret(path: Path) -> bytes:
    """The secret kept in a file only its owner can read; made now if there is none.

    Of several processes that find none at once all get the same one: a finished file is put in
    place under its name, and the first one there stays. Raises VaultKeyError.
    """
    if not path.exists():
        _create(path)
    if path.stat().st_mode & OTHERS_MAY_READ:
        raise VaultKeyError(f"others may read {path}; run `chmod 600 {path}`")
    return read_secret(path.read_text(encoding="ascii"))


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    content = base64.b64encode(secrets.token_bytes(SECRET_BYTES)) + b"\n"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its secret is the one
    finally:
        draft.unlink()
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make the new name survive a power cut, before anything is sealed with what it names."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose (RFC 5869)."""
    derivation = HKDF(
        algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"sammen vault " + purpose
    )
    return derivation.derive(secret)
