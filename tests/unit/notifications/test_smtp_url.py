from __future__ import annotations

import pytest

from services.notifications.senders.port import MailSettingsError
from services.notifications.senders.smtp import parse_smtp_url


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "user", "password", "from_address"),
    [
        ("smtp://127.0.0.1:2525", "smtp", "127.0.0.1", 2525, None, None, None),
        ("smtp://localhost", "smtp", "localhost", 25, None, None, None),
        ("smtp://[::1]:25", "smtp", "::1", 25, None, None, None),
        (
            "smtps://ida:p%40ss%3A%2F@mail.example?from=no-reply@siri.example",
            "smtps",
            "mail.example",
            465,
            "ida",
            "p@ss:/",
            "no-reply@siri.example",
        ),
        (
            "smtp+starttls://ida:word@mail.example:2587?from=no-reply@siri.example",
            "smtp+starttls",
            "mail.example",
            2587,
            "ida",
            "word",
            "no-reply@siri.example",
        ),
    ],
)
def test_the_address_says_how_to_reach_the_relay(  # the columns of the table
    url: str,
    scheme: str,
    host: str,
    port: int,
    user: str | None,
    password: str | None,
    from_address: str | None,
) -> None:
    relay = parse_smtp_url(url)
    assert (relay.scheme, relay.host, relay.port) == (scheme, host, port)
    assert (relay.user, relay.password) == (user, password)
    assert relay.from_address == (from_address or "no-reply@sammen.example")
    assert (password or "nothing") not in repr(relay)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example:25",
        "http://mail.example?from=a@b.example",
        "smtp://?from=a@b.example",
        "smtp://mail.example",
        "smtp://mail.example?from=nobody",
        "smtp://mail.example?from=a@b.example&from=c@d.example",
        "smtp://mail.example?from=a@b.example%0d%0aBcc:eve@b.example",
        "smtp://mail.example/folder?from=a@b.example",
        "smtp://mail.example:99999?from=a@b.example",
        "smtp://mail.example:mail?from=a@b.example",
        "smtp://ida:hemmelig@mail.example?from=a@b.example",
        "smtps://ida@mail.example?from=a@b.example",
        "smtp+tls://ida:hemmelig@mail.example?from=a@b.example",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(MailSettingsError) as refused:
        parse_smtp_url(url)
    assert "SAMMEN_SMTP_URL" in str(refused.value)
    assert "hemmelig" not in str(refused.value)
