"""Mails as files, one each: for development, tests and demonstrations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from services.notifications.domain.delivery import Accepted, Deferred, Outcome
from services.notifications.senders.port import Channel, Mail

FROM_ADDRESS = "no-reply@sammen.example"
"""A reserved domain (RFC 2606): a file is answered by nobody."""


class FileSender:
    """Writes `<notification>.eml` into a folder that only its owner may read.

    A mail written twice is one file. A file is there wholly or not at all.
    """

    channel: Channel = "file"
    from_address = FROM_ADDRESS

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, mails: Sequence[Mail]) -> AsyncGenerator[Outcome, None]:
        """Write the mails; a folder that can't be written to (full, forbidden) puts them off."""
        for mail in mails:
            try:
                await asyncio.to_thread(self._write, mail)
            except OSError:
                yield Deferred("file_not_written")
            else:
                yield Accepted()

    def _write(self, mail: Mail) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._folder / f"{mail.notification}.eml"
        unfinished = target.with_suffix(".unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(mail.content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
