"""Whom we told what, in which language, and whether it arrived.

Read `service.py`, `domain/`, `handlers.py` (what becomes a notice), `sending.py` (how notices
leave), `store.py`, `senders/` (the port to the outside world: mails as files or by SMTP).
"""
