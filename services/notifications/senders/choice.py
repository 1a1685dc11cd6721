"""The settings say how mails leave; nothing is guessed."""

from __future__ import annotations

from pathlib import Path

from services.notifications.senders.files import FileSender
from services.notifications.senders.port import MailSettingsError, Sender
from services.notifications.senders.smtp import SmtpSender, parse_smtp_url
from shared.runtime.settings import Settings

FOLDER_FORM = "file:///path/of/the/folder"


def sender_for(settings: Settings) -> Sender:
    """The sender that SAMMEN_SMTP_URL asks for.

    Raises MailSettingsError when it can't be used, SettingsError when it isn't set.
    """
    folder = settings.mails_dir
    if folder is not None:
        if folder == Path():
            raise MailSettingsError(f"SAMMEN_SMTP_URL names no folder; use {FOLDER_FORM}")
        return FileSender(folder)
    return SmtpSender(parse_smtp_url(settings.need("smtp_url")))


def check_mail_settings(settings: Settings) -> None:
    """Raise MailSettingsError when SAMMEN_SMTP_URL is set and can't be used."""
    if settings.smtp_url is not None:
        sender_for(settings)
