"""Who hears of what, in which words, and what an attempt to deliver leads to.

Read `occasions.py`, `wording.py`, `delivery.py`.
"""
