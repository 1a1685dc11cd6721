"""Who works where, from when, until when; the door through which it is told; the person vault.

Read `domain` (what becomes of a report), `handlers`, `store`, `vault` (how a number is sealed),
then `api` and `service`.
"""
