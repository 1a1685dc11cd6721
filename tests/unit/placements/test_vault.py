from __future__ import annotations

import base64
import multiprocessing
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from services.placements.vault import (
    SealBrokenError,
    Vault,
    VaultKeyError,
    find_or_create_secret,
    read_secret,
)

SECRET = bytes(range(32))
NUMBER = "6101800000"


def test_what_is_sealed_opens_with_the_same_secret() -> None:
    sealed = Vault(SECRET).seal(NUMBER)
    opened = Vault(SECRET).open(sealed.reference, sealed.wrapped_key, sealed.sealed_number)
    assert opened == NUMBER


def test_the_same_number_has_the_same_index_and_nothing_else_in_common() -> None:
    one, other = Vault(SECRET).seal(NUMBER), Vault(SECRET).seal(NUMBER)
    assert one.lookup_index == other.lookup_index
    assert one.reference != other.reference
    assert one.wrapped_key != other.wrapped_key
    assert one.sealed_number != other.sealed_number


def test_another_number_or_another_secret_has_another_index() -> None:
    indexes = {
        Vault(SECRET).seal(NUMBER).lookup_index,
        Vault(SECRET).seal("6101800001").lookup_index,
        Vault(bytes(32)).seal(NUMBER).lookup_index,
    }
    assert len(indexes) == 3


def test_nothing_of_the_number_is_in_what_the_database_gets() -> None:
    sealed = Vault(SECRET).seal(NUMBER)
    for part in (sealed.lookup_index, sealed.wrapped_key, sealed.sealed_number):
        assert NUMBER.encode() not in part


def test_what_was_altered_or_moved_to_another_person_does_not_open() -> None:
    vault = Vault(SECRET)
    sealed, other = vault.seal(NUMBER), vault.seal("6101800001")
    last_byte = bytes([sealed.sealed_number[-1] ^ 1])
    broken = [
        replace(sealed, reference=other.reference),
        replace(sealed, wrapped_key=other.wrapped_key),
        replace(sealed, wrapped_key=bytes(40)),
        replace(sealed, wrapped_key=b""),
        replace(sealed, sealed_number=sealed.sealed_number[:-1] + last_byte),
        replace(sealed, sealed_number=b""),
    ]
    for each in broken:
        with pytest.raises(SealBrokenError):
            vault.open(each.reference, each.wrapped_key, each.sealed_number)
    with pytest.raises(SealBrokenError):
        Vault(bytes(32)).open(sealed.reference, sealed.wrapped_key, sealed.sealed_number)


def test_a_concealed_digest_can_only_be_made_with_the_secret() -> None:
    assert Vault(SECRET).conceal(b"digest") == Vault(SECRET).conceal(b"digest")
    assert Vault(SECRET).conceal(b"digest") != Vault(bytes(32)).conceal(b"digest")


@pytest.mark.parametrize("text", ["", "no base64!", base64.b64encode(bytes(31)).decode()])
def test_a_wrong_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(VaultKeyError) as raised:
        read_secret(text)
    assert not text or text not in str(raised.value)


def test_the_secret_is_kept_where_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "data" / "vault.key"
    secret = find_or_create_secret(file)
    assert len(secret) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert find_or_create_secret(file) == secret
    assert [path.name for path in file.parent.iterdir()] == ["vault.key"]


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vault.key"
    find_or_create_secret(file)
    file.chmod(0o640)
    with pytest.raises(VaultKeyError, match="chmod 600"):
        find_or_create_secret(file)


def test_processes_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    files = [tmp_path / str(start) / "vault.key" for start in range(20)]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        asked = [pool.map_async(find_or_create_secret, [file] * 8, chunksize=1) for file in files]
        for each in asked:
            assert len(set(each.get(timeout=60))) == 1
