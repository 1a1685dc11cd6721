"""Every SQL statement of evaluation.

Read `facts.py` (what is kept), `figures.py` (what is counted).
"""
