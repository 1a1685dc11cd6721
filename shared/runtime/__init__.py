"""A service declared, and a process that runs one or several of them.

Read `service.py` (what a service is), `system.py` (its life in a process), `timers.py`,
`settings.py`, `clock.py`; `embedded.py` fills in what a development machine lacks.
"""
