"""Companies and their contacts, the places they pledge, and every employer's sector.

Read `service.py`, `domain/`, `handlers.py`, `store.py`, `api.py`.
"""
