"""Every SQL statement of notifications.

Read `telling.py` (who hears what), `sending.py` (mails on their way).
"""
