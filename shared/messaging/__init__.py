"""Everything hard about messaging, written once.

Read `work.py` (what a handler sees), `transport.py` (what a bus promises), `embedded/` (a bus that
keeps it), `outbox.py` and `relay.py` (out), `inbox.py`, `reading.py`, `deciding.py` and
`consumer.py` (in), `retry.py` (what becomes of an error), `dead_letters.py` (what a person does
about it), `watchdog.py`.
"""
