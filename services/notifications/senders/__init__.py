"""The port through which mails leave, and its two ends: files and SMTP.

Read `port.py` (what a sender promises), `messages.py` (how a mail is put together and checked),
`files.py`, `smtp.py`, `choice.py` (which one the settings ask for).
"""
