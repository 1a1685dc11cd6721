"""The settings say how mails leave; nothing is guessed."""

from __future__ import annotations

from services.notifications.senders.files import FileSender
from services.notifications.senders.port import Sender
from services.notifications.senders.smtp import SmtpSender, parse_smtp_url
from shared.runtime.settings import Settings


def sender_for(settings: Settings) -> Sender:
    """The sender that SAMMEN_SMTP_URL asks for.

    Raises MailSettingsError when it can't be used, SettingsError when it isn't set.
    """
    if settings.mails_dir is not None:
        return FileSender(settings.mails_dir)
    return SmtpSender(parse_smtp_url(settings.need("smtp_url")))
