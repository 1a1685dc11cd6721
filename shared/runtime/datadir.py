"""The folder in which embedded parts keep what they keep, and who is at work in it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "in-use-by"
DEMO_FOLDER: Final = "demo"
"""Where, inside the data folder, the demo keeps its own."""
POSTGRES_FOLDER: Final = "postgres"
PASSWORDS_FILE: Final = "passwords.json"
ADDRESSES_FILE: Final = "addresses.json"
ISSUER_KEY_FILE: Final = "issuer.key"
ISSUER_ADDRESS_FILE: Final = "issuer.address"


class DataDirHeldError(Exception):
    """Another process is at work in the data folder; the message says which."""


class DataDirUnusableError(Exception):
    """The data folder, or what is kept in it, can't be used; the message says what to do."""


@contextmanager
def usable(data_dir: Path) -> Iterator[None]:
    """Make the folder if it is missing, and say DataDirUnusableError when it fails us."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield
    except OSError as error:
        raise DataDirUnusableError(
            f"{data_dir} can't be used as data folder ({error.strerror}); make it yours, or "
            "choose another with SAMMEN_DATA_DIR."
        ) from error


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Be the only one at work in the folder, made if missing; the lock dies with the process.

    Raises DataDirHeldError, DataDirUnusableError.
    """
    with usable(data_dir):
        lock_file = (data_dir / LOCK_FILE).open("a+")
    with lock_file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise DataDirHeldError(
                f"{data_dir} is in use by process {holder}; stop it, or choose another folder "
                "with SAMMEN_DATA_DIR."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def is_held(data_dir: Path) -> bool:
    """Whether somebody is at work in the folder; changes nothing there."""
    file = data_dir / LOCK_FILE
    if not file.exists():
        return False
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def folder_at_work(data_dir: Path) -> Path:
    """The folder of the system that commands are typed beside: the demo's while only it runs."""
    demo = data_dir / DEMO_FOLDER
    return demo if is_held(demo) and not is_held(data_dir) else data_dir


def passwords(data_dir: Path, service_names: Sequence[str]) -> dict[str, str]:
    """The passwords of the services' roles, kept in the folder; made where missing."""
    file = data_dir / PASSWORDS_FILE
    kept = _read_texts(file)
    missing = [name for name in service_names if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(24) for name in missing}
        write_private(file, json.dumps(kept, indent=2))
    return {name: kept[name] for name in service_names}


def remember_addresses(data_dir: Path, addresses: Mapping[str, str]) -> None:
    """Keep the database addresses of the system at work here, for commands typed beside it."""
    write_private(data_dir / ADDRESSES_FILE, json.dumps(addresses, indent=2))


def known_addresses(data_dir: Path) -> dict[str, str]:
    """The database addresses of the system last at work here, by setting; empty if none was."""
    return _read_texts(data_dir / ADDRESSES_FILE)


def _read_texts(file: Path) -> dict[str, str]:
    """What a file of ours says; nothing if there is none. Raises DataDirUnusableError."""
    try:
        texts: dict[str, str] = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise DataDirUnusableError(
            f"{file} can't be read ({error}); restore it, or choose another data folder with "
            "SAMMEN_DATA_DIR."
        ) from error
    return texts


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text)
        output.flush()
        os.fsync(descriptor)
    draft.replace(file)
