"""The programme's published figures, as known on any date: a read model over others' events.

Read `service.py`, `domain/figures.py` (what the public sees), `handlers.py` (facts kept with when
they were true and when they became known), `store/`, `api.py`, `pages.py`.
"""
